import { createEngine } from '../engines/createEngine.js';
import { errorMessage, UserError } from '../errors.js';
import type { Model } from '../models/model.js';
import { engineOptionsOf } from '../runs/engineOptions.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { Classifier } from '../train/classifier.js';
import type { WeightsFile } from '../train/weights.js';
import { measuringLog } from './measuringLog.js';

/** `--engine`, `--threads` and `--precision`, as far as they were given. */
export interface EngineFlags {
  readonly engine?: TrainConfig['engine'];
  readonly threads?: number;
  readonly precision?: TrainConfig['precision'];
}

/**
 * Runs `body` with the classifier of a file's weights, on an engine that is closed afterwards.
 *
 * @throws UserError when the weights do not fit the model
 */
export async function withClassifier<T>(
  weights: WeightsFile & { readonly path: string },
  model: Model,
  options: EngineFlags & { readonly batchSize: number },
  body: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  const { engine: name = 'auto', threads = null, precision = 'f32', batchSize } = options;
  const chosen = engineOptionsOf({ threads, precision });
  const engine = await createEngine(name, { ...chosen, onMeasuring: measuringLog() });
  try {
    const classifier = await Classifier.create({ engine, model, batchSize, tensors: weights.tensors }).catch(
      (error: unknown) => {
        throw error instanceof UserError ? new UserError(`${weights.path}: ${errorMessage(error)}`) : error;
      },
    );
    return await body(classifier);
  } finally {
    await engine.close();
  }
}
