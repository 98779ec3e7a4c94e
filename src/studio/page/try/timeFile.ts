import { prepareImage } from '../../../data/images/modelInput.js';
import { openExportedModel } from './exportedModel.js';
import type { ImageModel } from './imageModel.js';

/** Runs before those that are timed, and timed ones. */
const [WARMING, TIMED] = [3, 21];

/**
 * Median milliseconds that an ONNX file takes for one image in this page.
 *
 * @param file the model in some numbers, which takes what `model` takes
 * @throws UserError when it cannot be opened
 */
export async function timeFile(file: Uint8Array, { about, labels }: ImageModel): Promise<number> {
  const opened = await openExportedModel({ labels: { ...labels, ...about }, model: file });
  try {
    const size = labels.imageSize;
    const pixels = Uint8Array.from({ length: 4 * size * size }, (_, i) => (i * 37) % 256);
    const input = prepareImage({ data: pixels, width: size, height: size }, labels);
    const times: number[] = [];
    for (let run = 0; run < WARMING + TIMED; run++) {
      const begin = performance.now();
      await opened.logitsOf(input);
      if (run >= WARMING) times.push(performance.now() - begin);
    }
    return times.sort((a, b) => a - b)[Math.floor(TIMED / 2)]!;
  } finally {
    await opened.close();
  }
}
