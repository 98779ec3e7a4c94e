import { type ImageDataset, imageFolder, type Learner, Loader } from '../src/index.js';
import { accuracyOver } from '../src/train/evaluate.js';
import type { Workload } from './protocol.js';
import type { Steps } from './steps.js';

/**
 * Passes over a folder of images, from their files to top-1 and top-5, as `biasloss validate` makes them; with as
 * many threads that decode as the engine has.
 *
 * @throws UserError when the folder holds no images
 */
export function validationSteps(
  learner: Learner,
  { data = '', repeat = 1, batch, threads, image_size: imageSize }: Workload,
): Steps {
  const images = repeated(imageFolder(data), repeat);
  const loader = new Loader(images, { batchSize: batch, imageSize, workers: threads });
  return {
    imagesPerStep: images.count,
    step: async () => {
      const start = performance.now();
      await accuracyOver(learner, loader.epoch(0));
      return { seconds: (performance.now() - start) / 1000, loss: null };
    },
    close: () => loader.close(),
  };
}

/** A set several times over, so that a small folder gives a steady rate. */
function repeated(dataset: ImageDataset, times: number): ImageDataset {
  const { count, labels, source } = dataset;
  return {
    ...dataset,
    count: times * count,
    labels: Int32Array.from({ length: times * count }, (_, i) => labels[i % count]!),
    source: (i) => source(i % count),
  };
}
