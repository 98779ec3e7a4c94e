import type { ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatShape, GraphError, type Shape, sameShape, sizeOf } from '../tensorType.js';
import { expectAxis, expectInputs, expectPositive, expectRank, expectShape, expectWhole } from './check.js';

type ShapeKind = 'concat' | 'slice' | 'pad' | 'reshape' | 'transpose' | 'channelShuffle' | 'detach';

/** Tensors joined along `axis`; their other dimensions must agree. */
export function concat(tensors: readonly [Tensor, ...Tensor[]], axis: number): Tensor {
  return tensors.length === 1 ? tensors[0] : emitOne('concat', { axis }, tensors);
}

/** The part of x from `start` up to, not including, `end` along `axis`. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  return start === 0 && end === x.shape[axis] ? x : emitOne('slice', { axis, start, end }, [x]);
}

/** x with zeros before and after it along `axis`. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  return before === 0 && after === 0 ? x : emitOne('pad', { axis, before, after }, [x]);
}

/** The same elements in row-major order, as another shape of the same size. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : emitOne('reshape', { shape }, [x]);
}

/** x [N, …] → [N, product of the rest]. */
export function flatten(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
}

/** Axes reordered: axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return emitOne('transpose', { permutation }, [x]);
}

/** Channels of x [N, C, H, W] regrouped: channel g·(C/groups) + c goes to c·groups + g (ShuffleNet, section 3.1). */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  return emitOne('channelShuffle', { groups }, [x]);
}

/** x itself, through which no gradient flows. */
export function detach(x: Tensor): Tensor {
  return emitOne('detach', {}, [x]);
}

function resized(shape: Shape, axis: number, size: number): number[] {
  return shape.map((dimension, i) => (i === axis ? size : dimension));
}

/** Shape rules of operations that move elements without changing them. */
export const shapeShapes: ShapeRules<ShapeKind> = {
  concat: ({ axis }, inputs) => {
    const first = inputs[0]!;
    expectAxis('concat', first.shape, axis);
    for (const { shape, dtype } of inputs) {
      expectShape('concat', 'other dimensions', resized(shape, axis, 0), resized(first.shape, axis, 0));
      if (dtype !== first.dtype) throw new GraphError(`concat: ${first.dtype} and ${dtype} do not join`);
    }
    const total = inputs.reduce((size, { shape }) => size + shape[axis]!, 0);
    return [{ shape: resized(first.shape, axis, total), dtype: first.dtype }];
  },
  slice: ({ axis, start, end }, inputs) => {
    expectInputs('slice', inputs, 1);
    const { shape, dtype } = inputs[0]!;
    expectAxis('slice', shape, axis);
    expectWhole('slice', 'start and end', [start, end]);
    if (!(start >= 0 && start < end && end <= shape[axis]!)) {
      throw new GraphError(
        `slice: ${start} to ${end} along axis ${axis} is outside of ${formatShape(shape)}`,
      );
    }
    return [{ shape: resized(shape, axis, end - start), dtype }];
  },
  pad: ({ axis, before, after }, inputs) => {
    expectInputs('pad', inputs, 1);
    const { shape, dtype } = inputs[0]!;
    expectAxis('pad', shape, axis);
    expectWhole('pad', 'before and after', [before, after]);
    return [{ shape: resized(shape, axis, shape[axis]! + before + after), dtype }];
  },
  reshape: ({ shape }, inputs) => {
    expectInputs('reshape', inputs, 1);
    expectPositive('reshape', 'sizes', shape);
    if (sizeOf(shape) !== sizeOf(inputs[0]!.shape)) {
      throw new GraphError(
        `reshape: ${formatShape(inputs[0]!.shape)} does not have the size of ${formatShape(shape)}`,
      );
    }
    return [{ shape, dtype: inputs[0]!.dtype }];
  },
  transpose: ({ permutation }, inputs) => {
    expectInputs('transpose', inputs, 1);
    const { shape, dtype } = inputs[0]!;
    if (permutation.length !== shape.length || shape.some((_, axis) => !permutation.includes(axis))) {
      throw new GraphError(
        `transpose: ${formatShape(permutation)} is not a permutation of the axes of ${formatShape(shape)}`,
      );
    }
    return [{ shape: permutation.map((axis) => shape[axis]!), dtype }];
  },
  channelShuffle: ({ groups }, inputs) => {
    expectInputs('channelShuffle', inputs, 1);
    const shape = expectRank('channelShuffle', inputs, 0, 4);
    expectPositive('channelShuffle', 'groups', [groups]);
    if (shape[1]! % groups !== 0)
      throw new GraphError(`channelShuffle: ${shape[1]} channels do not divide into ${groups} groups`);
    return [inputs[0]!];
  },
  detach: (_, inputs) => {
    expectInputs('detach', inputs, 1);
    return [inputs[0]!];
  },
};

/** Gradients move the elements back. */
export const shapeGradients: GradientRules<ShapeKind> = {
  concat: ({ attributes: { axis }, inputs }, [dy]) => {
    let start = 0;
    return inputs.map((input) => {
      const end = start + input.shape[axis]!;
      const part = slice(dy!, axis, start, end);
      start = end;
      return part;
    });
  },
  slice: ({ attributes: { axis, start, end }, inputs }, [dy]) => [
    pad(dy!, axis, start, inputs[0]!.shape[axis]! - end),
  ],
  pad: ({ attributes: { axis, before }, inputs }, [dy]) => [
    slice(dy!, axis, before, before + inputs[0]!.shape[axis]!),
  ],
  reshape: ({ inputs }, [dy]) => [reshape(dy!, inputs[0]!.shape)],
  transpose: ({ attributes: { permutation } }, [dy]) => [
    transpose(
      dy!,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  channelShuffle: ({ attributes: { groups }, inputs }, [dy]) => [
    channelShuffle(dy!, inputs[0]!.shape[1]! / groups),
  ],
  detach: { none: 'detach stops gradients' },
};
