import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Lowerings, Value } from './lowering.js';

function padAlong(b: GraphBuilder, x: Value, axis: number, before: number, after: number): Name {
  const along = (size: number): number[] => x.shape.map((_, i) => (i === axis ? size : 0));
  return b.pad(x.name, along(before), along(after));
}

/** Lowerings of operations that move elements without changing them. */
export const shapeLowerings: Lowerings<
  'concat' | 'slice' | 'pad' | 'reshape' | 'transpose' | 'channelShuffle' | 'detach'
> = {
  concat: ({ axis }, inputs, b) => {
    const [first, ...rest] = inputs.map(({ name }) => name);
    return [b.concat([first!, ...rest], axis)];
  },
  slice: ({ axis, start, end }, [x], b) => [b.slice(x!.name, { axes: [axis], starts: [start], ends: [end] })],
  pad: ({ axis, before, after }, [x], b) => [padAlong(b, x!, axis, before, after)],
  reshape: ({ shape }, [x], b) => [b.reshape(x!.name, shape)],
  transpose: ({ permutation }, [x], b) => [b.transpose(x!.name, permutation)],
  channelShuffle: ({ groups }, [x], b) => {
    const [n, channels, ...image] = x!.shape as [number, number, ...number[]];
    const pixels = image.reduce((a, size) => a * size, 1);
    const grouped = b.reshape(x!.name, [n, groups, channels / groups, pixels]);
    return [b.reshape(b.transpose(grouped, [0, 2, 1, 3]), x!.shape)];
  },
  detach: (_, [x]) => [x!.name],
};
