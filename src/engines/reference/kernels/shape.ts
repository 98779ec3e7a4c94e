import { type Shape, stridesOf } from '../../../graph/tensorType.js';
import type { Kernels, Values } from '../kernel.js';
import { forEachRow } from '../rows.js';

/** Where some elements of a tensor are. */
interface Place {
  readonly data: Values;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Copies a block of `shape` from one place to another. */
function copy(shape: Shape, from: Place, to: Place): void {
  forEachRow(shape, [from.strides, to.strides], ({ offsets, steps, count }) => {
    const [fromAt, toAt] = [from.offset + offsets[0]!, to.offset + offsets[1]!];
    const [fromStep, toStep] = steps as [number, number];
    for (let i = 0; i < count; i++) to.data[toAt + i * toStep] = from.data[fromAt + i * fromStep]!;
  });
}

function whole(data: Values, shape: Shape): Place {
  return { data, offset: 0, strides: stridesOf(shape) };
}

/** The place that begins at `start` along an axis. */
function from(data: Values, shape: Shape, axis: number, start: number): Place {
  const strides = stridesOf(shape);
  return { data, offset: start * strides[axis]!, strides };
}

/** Operations that move elements without changing them. */
export const shapeKernels: Kernels<
  'concat' | 'slice' | 'pad' | 'reshape' | 'transpose' | 'channelShuffle' | 'detach'
> = {
  concat: ({ axis }, inputs, [y]) => {
    let start = 0;
    for (const { data, shape } of inputs) {
      copy(shape, whole(data, shape), from(y!.data, y!.shape, axis, start));
      start += shape[axis]!;
    }
  },
  slice: ({ axis, start }, [x], [y]) =>
    copy(y!.shape, from(x!.data, x!.shape, axis, start), whole(y!.data, y!.shape)),
  pad: ({ axis, before }, [x], [y]) => {
    y!.data.fill(0);
    copy(x!.shape, whole(x!.data, x!.shape), from(y!.data, y!.shape, axis, before));
  },
  reshape: (_, [x], [y]) => y!.data.set(x!.data),
  transpose: ({ permutation }, [x], [y]) => {
    const strides = stridesOf(x!.shape);
    const permuted = permutation.map((axis) => strides[axis]!);
    copy(y!.shape, { data: x!.data, offset: 0, strides: permuted }, whole(y!.data, y!.shape));
  },
  channelShuffle: ({ groups }, [x], [y]) => {
    const [n, channels, h, w] = x!.shape as [number, number, number, number];
    const [perGroup, plane] = [channels / groups, h * w];
    const shuffled = [channels * plane, plane, groups * plane, 1];
    const to = { data: y!.data, offset: 0, strides: shuffled };
    const shape = [n, groups, perGroup, plane];
    copy(shape, whole(x!.data, shape), to);
  },
  detach: (_, [x], [y]) => y!.data.set(x!.data),
};
