import { createEngine } from '../../src/engines/createEngine.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { Model } from '../../src/models/model.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { counterTensor, type StateDictTensors } from '../../src/train/stateDict.js';
import { formulaState } from './formula.js';

/** A model's state dict with the formula's values. */
export function formulaTensors(model: Model): StateDictTensors {
  const entries = model.stateEntries();
  const values = formulaState(entries);
  return new Map(
    entries.map(({ name, kind, shape }) => [
      name,
      kind === 'counter' ? counterTensor(0) : { dtype: 'f32', shape, data: values.get(name)! },
    ]),
  );
}

/**
 * Logits of a model with given weights, by the ONNX engine.
 *
 * @param images [N, 3, S, S], which the engine takes over
 */
export async function logitsOf(
  model: Model,
  tensors: StateDictTensors,
  images: Float32Array,
): Promise<Float32Array> {
  const engine = await createEngine('onnx');
  try {
    const batchSize = images.length / (3 * model.config.imageSize ** 2);
    const loss = crossEntropyLoss();
    const learner = await Learner.create({ engine, model, loss, optimizer: sgd(), batchSize });
    await learner.loadStateDict(tensors);
    return (await learner.predict(images)).logits;
  } finally {
    await engine.close();
  }
}
