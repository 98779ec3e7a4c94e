import { createEngine } from '../engines/createEngine.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import type { Model } from '../models/model.js';
import { sgd } from '../optim/sgd.js';
import { loadStrictly } from '../runs/pretrained.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { engineOptionsOf } from '../runs/trainingRun.js';
import { Learner } from '../train/learner.js';
import type { WeightsFile } from '../train/weights.js';

/** `--engine`, `--threads` and `--precision`, as far as they were given. */
export interface EngineFlags {
  readonly engine?: TrainConfig['engine'];
  readonly threads?: number;
  readonly precision?: TrainConfig['precision'];
}

/**
 * Runs `body` with a learner that holds a file's weights, on an engine that is closed afterwards.
 *
 * @throws UserError when the weights do not fit the model
 */
export async function withClassifier<T>(
  weights: WeightsFile & { readonly path: string },
  model: Model,
  options: EngineFlags & { readonly batchSize: number },
  body: (learner: Learner) => Promise<T>,
): Promise<T> {
  const { engine: name = 'auto', threads = null, precision = 'f32', batchSize } = options;
  const engine = await createEngine(name, engineOptionsOf({ threads, precision }));
  try {
    const learner = await Learner.create({
      engine,
      model,
      loss: crossEntropyLoss(),
      optimizer: sgd(),
      batchSize,
    });
    await loadStrictly(learner, weights.tensors, weights.path);
    const result = await body(learner);
    await learner.close();
    return result;
  } finally {
    await engine.close();
  }
}
