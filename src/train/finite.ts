import { UserError } from '../errors.js';
import { isBigInt64Array } from '../realms.js';
import type { StateDictTensors } from './stateDict.js';

/** Values that are looked at before other events get their turn: about a millisecond. */
const TURN = 1 << 19;

/** Name of the first tensor with a value that is not finite; other events get their turn meanwhile. */
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
 * Refuses tensors of a file that would make every result NaN.
 *
 * @throws UserError naming file and tensor
 */
export function expectFinite(tensors: StateDictTensors, path: string): void {
  for (const [name, { data }] of tensors)
    if (!isFinite32(data))
      throw new UserError(`${path}: ${name} has values that are not finite, so that nothing can be computed`);
}

/** Whether all values are finite: 0·x is 0 for those alone, and NaN spreads through sums. */
function isFinite32(data: Float32Array | BigInt64Array): boolean {
  if (isBigInt64Array(data)) return true;
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!;
  return sum === 0;
}
