import type { Program } from '../../graph/program.js';
import { type DType, formatType, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import { verifyProgram } from '../../graph/verify.js';
import { isFloat32Array, isInt32Array } from '../../realms.js';
import { arraysOf, type ImageBytes, type InputData, isImageBytes, type NamedInputs } from '../imageBytes.js';

/** Element type of an array. */
function dtypeOf(data: TensorData): DType {
  return isInt32Array(data) ? 'i32' : 'f32';
}

/** An input of a program. */
export type InputType = TensorType & { readonly name: string };

/** How a run's inputs may be given. */
export interface InputRules {
  /** Inputs that may be missing, as the engine has them. */
  readonly waiting?: ReadonlySet<string>;
  /** Whether images may be bytes. */
  readonly takesBytes?: boolean;
}

/**
 * The inputs of a program among the given ones; others are ignored.
 *
 * @param types of the program's inputs
 * @throws Error naming the input that is missing or of the wrong size or type
 */
export function checkInputs(
  types: readonly InputType[],
  inputs: NamedInputs,
  { waiting, takesBytes = false }: InputRules = {},
): Record<string, InputData> {
  const checked: Record<string, InputData> = {};
  for (const type of types) {
    const data = Object.hasOwn(inputs, type.name) ? inputs[type.name] : undefined;
    if (data === undefined) {
      if (!waiting?.has(type.name))
        throw new Error(`the input ${type.name} (${formatType(type)}) is missing`);
    } else if (isImageBytes(data)) checked[type.name] = checkBytes(data, type, takesBytes);
    else checked[type.name] = checkInput(data, type);
  }
  return checked;
}

/**
 * Inputs of a program that are given ahead of its next run; others are ignored.
 *
 * @throws Error where the engine does not take inputs ahead, or naming the input of the wrong size or type
 */
export function checkAhead(
  types: readonly InputType[],
  inputs: NamedInputs,
  { takesAhead, takesBytes }: { readonly takesAhead: boolean; readonly takesBytes: boolean },
): Record<string, InputData> {
  if (!takesAhead) throw new Error('this engine takes no inputs ahead of a run');
  const waiting = new Set(types.map(({ name }) => name));
  return checkInputs(types, inputs, { waiting, takesBytes });
}

function checkInput(data: TensorData, type: InputType): TensorData {
  if (!(isFloat32Array(data) || isInt32Array(data)))
    throw new Error(`the input ${type.name} must be a Float32Array or an Int32Array`);
  expectPresent(data, type);
  expectFit(`the input ${type.name}`, data, type);
  return data;
}

function checkBytes(data: ImageBytes, type: InputType, takesBytes: boolean): ImageBytes {
  if (!takesBytes) throw new Error(`this engine takes the input ${type.name} as numbers, not as bytes`);
  const [count, channels, height, width] = type.shape;
  if (type.dtype !== 'f32' || type.shape.length !== 4 || height !== width)
    throw new Error(`the input ${type.name} (${formatType(type)}) cannot be given as bytes of square images`);
  for (const array of arraysOf(data)) expectPresent(array, type);
  const { pixels, placements, tables } = data;
  const found = [pixels.length, placements.length, tables.length];
  const wanted = [sizeOf(type.shape), 3 * count!, 256 * channels!];
  if (found.join() !== wanted.join())
    throw new Error(
      `the input ${type.name} as bytes must have ${wanted.join(', ')} pixels, placements and values in its tables, not ${found.join(', ')}`,
    );
  return data;
}

function expectPresent(data: TensorData | Uint8Array, { name }: InputType): void {
  if (!isHandedOver(data)) return;
  throw new Error(
    `the input ${name} is empty: an earlier call transferred its buffer to the engine; pass a copy to that call`,
  );
}

/** Whether an array has lost its buffer to another thread; ArrayBuffer.detached exists from Node.js 22 on. */
function isHandedOver({ buffer, length }: TensorData | Uint8Array): boolean {
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
