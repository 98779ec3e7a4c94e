import { UserError } from '../errors.js';
import type { Learner } from '../train/learner.js';
import type { StateDictTensors } from '../train/stateDict.js';
import { readWeights } from './weights.js';

/**
 * Begins a run with the weights of a file. Where the file's classifier is for another number of
 * classes, everything but the classifier is taken.
 *
 * @param onNotice told what was left out
 * @throws UserError when the file does not fit the model otherwise
 */
export async function loadPretrained(
  learner: Learner,
  path: string,
  onNotice?: (text: string) => void,
): Promise<void> {
  const { tensors } = readWeights(path);
  const { model } = learner;
  const entries = model.stateEntries();
  const classifier = new Set(model.classifierEntries);
  const other = entries.filter(
    ({ name, shape }) => classifier.has(name) && tensors.get(name)?.shape.join() !== shape.join(),
  );
  if (other.length === 0) {
    await loadStrictly(learner, tensors, path);
    return;
  }
  const only = new Set(entries.map(({ name }) => name).filter((name) => !classifier.has(name)));
  await loadStrictly(learner, tensors, path, only);
  const found = tensors.get(other[0]!.name)?.shape[0];
  onNotice?.(
    `${path}: the classifier is for ${found ?? 'no'} classes, not ${model.config.classes}; it begins anew, everything else is taken`,
  );
}

/**
 * Loads a model's tensors.
 *
 * @param only names to take; default: all
 * @throws UserError naming the file and what is missing, unexpected or misshapen
 */
export async function loadStrictly(
  learner: Learner,
  tensors: StateDictTensors,
  path: string,
  only?: ReadonlySet<string>,
): Promise<void> {
  try {
    await learner.loadStateDict(tensors, only ? { only } : {});
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`);
    throw error;
  }
}
