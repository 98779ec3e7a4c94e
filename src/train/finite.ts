import { UserError } from '../errors.js';
import { isBigInt64Array } from '../realms.js';
import type { StateDictTensors } from './stateDict.js';

/** Values checked before yielding to other events: about a millisecond. */
const TURN = 1 << 19;

/** Name of the first tensor with a value that is not finite; yields to other events meanwhile. */
export async function firstNotFinite(state: StateDictTensors): Promise<string | undefined> {
  let seen = 0;
  for (const [name, { data }] of state) {
    for (let begin = 0; begin < data.length; begin += TURN) {
      const part = data.subarray(begin, begin + TURN);
      if (!isFinite32(part)) return name;
      seen += part.length;
      if (seen < TURN) continue;
      await new Promise((resolve) => setTimeout(resolve));
      seen = 0;
    }
  }
  return undefined;
}

/**
 * Rejects tensors of a file that would make every result NaN.
 *
 * @throws UserError naming file and tensor
 */
export function expectFinite(tensors: StateDictTensors, path: string): void {
  for (const [name, { data }] of tensors)
    if (!isFinite32(data)) throw new UserError(`${path}: ${name} has values that are not finite`);
}

/** Whether all values are finite: 0·x is 0 for those alone, and NaN spreads through sums. */
function isFinite32(data: Float32Array | BigInt64Array): boolean {
  if (isBigInt64Array(data)) return true;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!;
  return sum === 0;
}
