import { inputsOf, type Program } from '../../graph/program.js';
import { type DType, formatType, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import { verifyProgram } from '../../graph/verify.js';
import { isFloat32Array, isInt32Array } from '../../realms.js';
import type { NamedData } from '../engine.js';

/** Element type of an array. */
function dtypeOf(data: TensorData): DType {
  return isInt32Array(data) ? 'i32' : 'f32';
}

/** No inputs. */
const NONE: ReadonlySet<string> = new Set();

/**
 * The inputs of a program among the given ones; others are ignored.
 *
 * @param waiting those that may be missing, as the engine has them
 * @throws Error naming the input that is missing or of the wrong size or type
 */
export function checkInputs(
  program: Program,
  inputs: NamedData,
  waiting: ReadonlySet<string> = NONE,
): Record<string, TensorData> {
  const checked: Record<string, TensorData> = {};
  for (const type of inputsOf(program)) {
    const data = Object.hasOwn(inputs, type.name) ? inputs[type.name] : undefined;
    if (data !== undefined) checked[type.name] = checkInput(data, type);
    else if (!waiting.has(type.name))
      throw new Error(`the input ${type.name} (${formatType(type)}) is missing`);
  }
  return checked;
}

/**
 * Inputs of a program that are given ahead of its next run; others are ignored.
 *
 * @throws Error where the engine does not take inputs ahead, or naming the input of the wrong size or type
 */
export function checkAhead(
  program: Program,
  inputs: NamedData,
  takesAhead: boolean,
): Record<string, TensorData> {
  if (!takesAhead) throw new Error('this engine takes no inputs ahead of a run');
  return checkInputs(program, inputs, new Set(inputsOf(program).map(({ name }) => name)));
}

function checkInput(data: TensorData, type: TensorType & { readonly name: string }): TensorData {
  if (!(isFloat32Array(data) || isInt32Array(data)))
    throw new Error(`the input ${type.name} must be a Float32Array or an Int32Array`);
  if (isHandedOver(data))
    throw new Error(
      `the input ${type.name} is empty: an earlier call transferred its buffer to the engine; pass a copy to that call`,
    );
  expectFit(`the input ${type.name}`, data, type);
  return data;
}

/** Whether an array has lost its buffer to another thread; ArrayBuffer.detached exists from Node.js 22 on. */
function isHandedOver({ buffer, length }: TensorData): boolean {
  if (length > 0) return false;
  try {
    buffer.slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

/** @throws Error when an array is not of a type's size and element type; `what` names it */
export function expectFit(what: string, data: TensorData, type: TensorType): void {
  if (dtypeOf(data) !== type.dtype || data.length !== sizeOf(type.shape)) {
    throw new Error(
      `${what} must be ${formatType(type)}, ${sizeOf(type.shape)} values, ` +
        `but has ${data.length} values of ${dtypeOf(data)}`,
    );
  }
}

/**
 * Rejects invalid programs before they reach a backend.
 *
 * @param frozen whether the values of its variables become constants
 * @throws GraphError when the program is malformed
 * @throws Error when a frozen program has updates
 */
export function checkProgram(program: Program, frozen: boolean): void {
  verifyProgram(program);
  const [updated] = Object.keys(program.updates);
  if (frozen && updated !== undefined)
    throw new Error(`a program with frozen variables cannot update ${updated}`);
}
