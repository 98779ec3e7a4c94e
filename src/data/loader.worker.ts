import { serveCalls } from '../engines/host/channel/callServer.js';
import { threadEnd } from '../engines/host/channel/node.js';
import type { LoaderCalls, LoaderSettings, PartRequest } from './loaderCalls.js';
import { fillPixelBatch, normalisationTables } from './pixelTransforms.js';

/** Parts made at a time: while the last images of one are decoded, the next one starts. */
const AT_ONCE = 2;

/** Fills an array with the images of a part. */
type Fill = (images: Float32Array, part: PartRequest) => void | Promise<void>;

async function fillWith(settings: LoaderSettings): Promise<Fill> {
  const { memory, preprocessing, augmentation } = settings;
  const { imageSize, mean } = preprocessing;
  const tables = normalisationTables(preprocessing);
  if (memory)
    return (images, { epoch, indices }) => {
      const augment = augmentation && { seed: augmentation.seed, epoch, how: augmentation.pixels };
      fillPixelBatch(
        images,
        { ...memory, imageSize, channels: mean.length },
        { indices, ...(augment && { augment }) },
        tables,
      );
    };
  // Images in memory need no decoder.
  const { ImagePreparer } = await import('./images/prepare.js');
  const preparer = new ImagePreparer({ preprocessing, tables, augmentation });
  return (images, { sources, epoch, indices }) => preparer.fill(images, sources, { epoch, indices });
}

let imageLength = 0;
let fill: Promise<Fill> | undefined;

serveCalls<LoaderCalls>(
  threadEnd(),
  {
    start: async (settings) => {
      const { mean, imageSize } = settings.preprocessing;
      imageLength = mean.length * imageSize ** 2;
      // Parts may be requested meanwhile.
      fill = fillWith(settings);
      await fill;
    },
    make: async (part) => {
      if (!fill) throw new Error('the loader has not started');
      const length = part.room * imageLength;
      const images = part.over?.length === length ? part.over : new Float32Array(length);
      await (await fill)(images, part);
      return images;
    },
  },
  AT_ONCE,
);
