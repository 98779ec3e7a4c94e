import { type Lowerings, reshaped, sliced, transposed } from './context.js';

/** Lowerings of operations that move elements. */
export const shapeLowerings: Lowerings<
  'concat' | 'slice' | 'pad' | 'reshape' | 'transpose' | 'channelShuffle' | 'detach'
> = {
  concat: ({ model, attributes, inputs }) => [model.node('Concat', inputs, { axis: attributes.axis })],
  slice: ({ model, attributes: { axis, start, end }, inputs }) => [
    sliced(model, inputs[0]!, { axes: [axis], starts: [start], ends: [end] }),
  ],
  pad: ({ model, attributes: { axis, before, after }, inputs, inputTypes }) => {
    const pads = (size: number): number[] => inputTypes[0]!.shape.map((_, i) => (i === axis ? size : 0));
    return [model.node('Pad', [inputs[0]!, model.ints([...pads(before), ...pads(after)])])];
  },
  reshape: ({ model, attributes, inputs }) => [reshaped(model, inputs[0]!, attributes.shape)],
  transpose: ({ model, attributes, inputs }) => [transposed(model, inputs[0]!, attributes.permutation)],
  channelShuffle: ({ model, attributes: { groups }, inputs, inputTypes }) => {
    const [n, c, h, w] = inputTypes[0]!.shape as [number, number, number, number];
    const grouped = reshaped(model, inputs[0]!, [n, groups, c / groups, h, w]);
    return [reshaped(model, transposed(model, grouped, [0, 2, 1, 3, 4]), [n, c, h, w])];
  },
  detach: ({ inputs }) => [inputs[0]!],
};
