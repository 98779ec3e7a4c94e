import { formatShape, formatType, GraphError, type Shape, type TensorType } from '../tensorType.js';

/** The float type of a shape. */
export function f32(shape: Shape): TensorType {
  return { shape, dtype: 'f32' };
}

/** Rejects a wrong number of inputs. */
export function expectInputs(op: string, inputs: readonly TensorType[], least: number, most = least): void {
  if (inputs.length < least || inputs.length > most) {
    throw new GraphError(
      `${op} takes ${least === most ? least : `${least} to ${most}`} tensors, not ${inputs.length}`,
    );
  }
}

/** Rejects inputs that are not floats. */
export function expectFloats(op: string, inputs: readonly TensorType[]): void {
  for (const input of inputs) {
    if (input.dtype !== 'f32') throw new GraphError(`${op} takes f32 tensors, not ${formatType(input)}`);
  }
}

/** The input at `index`, which must have `rank` axes. */
export function expectRank(op: string, inputs: readonly TensorType[], index: number, rank: number): Shape {
  const input = inputs[index]!;
  if (input.shape.length !== rank) {
    throw new GraphError(`${op}: input ${index} needs ${rank} axes, not ${formatShape(input.shape)}`);
  }
  return input.shape;
}

/** Rejects a shape that is not the expected one. */
export function expectShape(op: string, what: string, found: Shape, expected: Shape): void {
  if (found.length !== expected.length || found.some((dimension, axis) => dimension !== expected[axis])) {
    throw new GraphError(`${op}: ${what} must be ${formatShape(expected)}, not ${formatShape(found)}`);
  }
}

/** Rejects an axis outside of the shape. */
export function expectAxis(op: string, shape: Shape, axis: number): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length) {
    throw new GraphError(`${op}: axis ${axis} is outside of ${formatShape(shape)}`);
  }
}

/** Rejects sizes that are not positive whole numbers. */
export function expectPositive(op: string, what: string, sizes: readonly number[]): void {
  if (sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new GraphError(`${op}: ${what} must be positive whole numbers, not ${sizes.join(', ')}`);
  }
}

/** Rejects sizes that are not whole numbers of 0 or more. */
export function expectWhole(op: string, what: string, sizes: readonly number[]): void {
  if (sizes.some((size) => !Number.isInteger(size) || size < 0)) {
    throw new GraphError(`${op}: ${what} must be whole numbers of 0 or more, not ${sizes.join(', ')}`);
  }
}
