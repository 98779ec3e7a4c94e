import { createHash } from 'node:crypto';
import { UserError } from '../errors.js';
import type { Learner } from '../train/learner.js';
import type { Checkpoint } from '../train/learnerState.js';
import type { TrainConfig } from './trainConfig.js';

/** Settings that each machine has for itself. */
const PER_MACHINE: ReadonlySet<string> = new Set<keyof TrainConfig>([
  ...(['threads', 'workers', 'cache', 'cacheMb'] as const),
  ...(['dataPath', 'accuraciesDir', 'download'] as const),
]);

/**
 * Checks that all ranks begin with the same settings and values: a machine with another file would spoil the run without a word.
 *
 * @throws UserError on the ranks that differ
 */
export async function expectSameStart(
  learner: Learner,
  config: TrainConfig,
  checkpoint: Checkpoint | undefined,
): Promise<void> {
  const { rank, size } = learner.overRanks.ranks;
  if (size === 1) return;
  const same = Object.fromEntries(Object.entries(config).filter(([key]) => !PER_MACHINE.has(key)));
  const hash = createHash('sha256').update(JSON.stringify([same, checkpoint?.training?.progress]));
  for (const [name, { data }] of [...(await learner.stateDict()), ...(await learner.trainingState())])
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const digest = hash.digest();
  const words = [0, 4, 8, 12].map((at) => digest.readUInt32LE(at));
  const sums = await learner.overRanks.of(words);
  if (words.some((word, i) => sums[i] !== size * word))
    throw new UserError(
      `rank ${rank} begins with other settings or values than another rank: all need the same flags and the same files`,
    );
}
