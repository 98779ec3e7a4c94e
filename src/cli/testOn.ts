import type { Dataset } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import type { Preprocessing } from '../data/preprocessing.js';
import { accuracyOver } from '../train/evaluate.js';
import type { Accuracy } from '../train/metrics.js';
import type { BatchPredictor } from './evaluatedModel.js';
import { formatPercent, type LogFormat } from './output.js';
import { ProgressLine } from './progressLine.js';
import type { TestTally } from './testFigures.js';

/** How a data set is tested. */
interface TestOptions {
  readonly preprocessing: Preprocessing;
  readonly logFormat: LogFormat;
  /** Counts each image. */
  readonly tally?: TestTally | undefined;
}

/** Accuracy on all images of a data set, with a progress bar. */
export async function testOn(
  test: Dataset,
  predictor: BatchPredictor,
  { tally, preprocessing, logFormat }: TestOptions,
): Promise<Accuracy> {
  const { batchSize, model } = predictor;
  const { imageSize } = model.config;
  const loader = new Loader(test, { batchSize, imageSize, channels: model.channels, preprocessing });
  const line = new ProgressLine(process.stderr);
  try {
    const accuracy = await accuracyOver(predictor, loader.epoch(0), {
      each: (label, predicted, confidence) => tally?.add(label, predicted, confidence),
      onProgress: (images, { top1 }) => {
        const text = `testing ${images}/${test.count}  top-1 ${formatPercent(top1)}`;
        if (logFormat === 'text') line.update(images / test.count, text);
      },
    });
    return accuracy!;
  } finally {
    line.clear();
    await loader.close();
  }
}
