import { SettingError, type UserError } from '../errors.js';
import type { Progress } from './checkpointInfo.js';
import { firstNotFinite } from './finite.js';
import type { StateDictTensors } from './stateDict.js';
import type { TrainerOptions } from './trainerOptions.js';

/** Where a training that no longer has finite numbers is, and what it is of. */
interface Place {
  readonly progress: Pick<Progress, 'epoch' | 'step'>;
  readonly run: Pick<TrainerOptions, 'checkpoints' | 'learner'>;
}

/** @throws UserError when the loss is not finite */
export function expectFiniteLoss(loss: number, place: Place): void {
  const { epoch, step } = place.progress;
  if (!Number.isFinite(loss))
    throw overflow(`the loss is ${loss} at step ${step} of epoch ${epoch + 1}`, place);
}

/**
 * A finite loss does not prove finite values: oneDNN's ReLU makes 0 of NaN.
 *
 * @throws UserError naming the first tensor with a value that is not finite
 */
export async function expectFiniteValues(state: StateDictTensors, place: Place): Promise<void> {
  const broken = await firstNotFinite(state);
  if (broken !== undefined)
    throw overflow(`${broken} is no longer finite in epoch ${place.progress.epoch + 1}`, place);
}

function overflow(finding: string, { run: { checkpoints, learner } }: Place): UserError {
  const { remedy } = learner.loss;
  const kept = checkpoints ? '; the last checkpoint is kept' : '';
  return new SettingError(
    (name) => `${finding}${kept}: try a lower learning rate${remedy ? `, or ${remedy(name)}` : ''}`,
    1,
  );
}
