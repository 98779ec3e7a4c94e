import { foldBatchNorm } from './foldBatchNorm.js';
import { joinBranches } from './joinBranches.js';
import { poolEarly } from './poolEarly.js';
import type { Program } from './program.js';
import type { TensorData } from './tensorType.js';

/**
 * An evaluation program with the values of its variables as constants, and computed in advance as far as possible:
 * {@link poolEarly}, {@link foldBatchNorm}, {@link joinBranches}. Its outputs differ from the program's only by rounding.
 *
 * @param values of every variable of the program
 */
export function freeze(program: Program, values: ReadonlyMap<string, TensorData>): Program {
  return joinBranches(foldBatchNorm(poolEarly(program), values));
}
