import { addressesOf } from '../../../report/analysis/modelImages.js';
import { TrainedModel } from '../../../report/trainedModel.js';
import type { VarianceFigures } from '../../api.js';

/** Pixels of an image's height and width, at most. */
const SIZE = 72;

/**
 * Evaluates a run's model on an even sample of its test images.
 *
 * @throws UserError when the checkpoint or the data is missing or damaged
 */
export async function varianceFigures(folder: string, images: number): Promise<VarianceFigures> {
  const model = await TrainedModel.open(folder, { limit: images });
  try {
    const { classes, labels, predicted, variances, losses } = await model.outcomes();
    const order = [...variances.keys()].sort((a, b) => variances[a]! - variances[b]!);
    const addresses = await addressesOf(model, order, SIZE);
    const { alpha, beta, normMode } = model.config;
    return {
      images: order.map((image) => ({
        address: addresses.get(image)!,
        label: classes[labels[image]!]!,
        predicted: classes[predicted[image]!]!,
        variance: variances[image]!,
        crossEntropy: losses[image]!,
      })),
      ofImages: model.testImages,
      runningMin: model.runningMin ?? null,
      settings: { alpha, beta, normMode },
    };
  } finally {
    await model.close();
  }
}
