import type { OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { ConvGeometry } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';
import { type LoweringInput, type Lowerings, reshaped, sliced, transposed } from './context.js';

type Size4 = readonly [number, number, number, number];

function convAttributes(
  { stride, padding, groups }: ConvGeometry,
  weight: Shape,
): Record<string, number | readonly number[]> {
  const [ph, pw] = padding;
  return { kernel_shape: weight.slice(2), strides: stride, pads: [ph, pw, ph, pw], group: groups };
}

/** Weight [O, C/G, kh, kw] turned by 180° and with input and output channels exchanged: [C, O/G, kh, kw]. */
function turnedWeight(model: OnnxModelBuilder, weight: string, shape: Size4, groups: number): string {
  const [o, c, kh, kw] = shape;
  let turned = weight;
  if (c !== 1 || o !== groups) {
    const grouped = groups === 1 ? weight : reshaped(model, weight, [groups, o / groups, c, kh, kw]);
    const exchanged = transposed(model, grouped, groups === 1 ? [1, 0, 2, 3] : [0, 2, 1, 3, 4]);
    turned = groups === 1 ? exchanged : reshaped(model, exchanged, [groups * c, o / groups, kh, kw]);
  }
  if (kh === 1 && kw === 1) return turned;
  const least = -(2 ** 31);
  return sliced(model, turned, { axes: [2, 3], starts: [-1, -1], ends: [least, least], steps: [-1, -1] });
}

/** Gradient toward the input: at stride 1 a convolution with the turned weight, else a transposed convolution. */
function lowerInputGrad({
  model,
  attributes,
  inputs,
  inputTypes,
}: LoweringInput<'conv2dInputGrad'>): string[] {
  const { stride, padding, groups, inputShape } = attributes;
  const [dy, weight] = inputs as [string, string];
  const shape = inputTypes[1]!.shape as Size4;
  const [, , kh, kw] = shape;
  const pads = [kh - 1 - padding[0], kw - 1 - padding[1]];
  if (stride[0] === 1 && stride[1] === 1 && pads.every((pad) => pad >= 0)) {
    const attributesOfConv = {
      kernel_shape: [kh, kw],
      strides: [1, 1],
      pads: [...pads, ...pads],
      group: groups,
    };
    return [model.node('Conv', [dy, turnedWeight(model, weight, shape, groups)], attributesOfConv)];
  }
  const output = inputTypes[0]!.shape;
  const missing = [0, 1].map((axis) => {
    const covered = (output[axis + 2]! - 1) * stride[axis]! - 2 * padding[axis]! + shape[axis + 2]!;
    return inputShape[axis + 2]! - covered;
  });
  return [
    model.node('ConvTranspose', [dy, weight], {
      ...convAttributes(attributes, shape),
      output_padding: missing,
    }),
  ];
}

/** x with zeros around it, [N, C, H + 2·ph, W + 2·pw]. */
function padded(model: OnnxModelBuilder, x: string, [ph, pw]: readonly [number, number]): string {
  return ph === 0 && pw === 0 ? x : model.node('Pad', [x, model.ints([0, 0, ph, pw, 0, 0, ph, pw])]);
}

/** The part of the padded input that tap (i, j) of the kernel meets, along the two spatial `axes`. */
function tapOf(
  model: OnnxModelBuilder,
  x: string,
  tap: readonly [number, number],
  geometry: { stride: readonly [number, number]; output: readonly number[]; axes: readonly number[] },
): string {
  const { stride, output, axes } = geometry;
  const ends = tap.map((start, axis) => start + (output[axis]! - 1) * stride[axis]! + 1);
  return sliced(model, x, { axes, starts: tap, ends, steps: stride });
}

/**
 * Gradient toward the weight, one matrix product per kernel tap: dW[:, :, i, j] = Σ over n, y, x of
 * dy[n, :, y, x] ⊗ x[n, :, y·stride + i, x·stride + j].
 */
function lowerWeightGrad(input: LoweringInput<'conv2dWeightGrad'>): string[] {
  const { model, attributes, inputTypes } = input;
  const [o, c, kh, kw] = attributes.weightShape as Size4;
  const taps = Array.from({ length: kh * kw }, (_, t): [number, number] => [Math.floor(t / kw), t % kw]);
  const depthwise = c === 1 && attributes.groups === o;
  const parts = depthwise ? depthwiseTaps(input, taps) : productTaps(input, taps);
  const joined = parts.length === 1 ? parts[0]! : model.node('Concat', parts, { axis: 0 });
  const [n] = inputTypes[0]!.shape;
  if (n === 0) throw new Error('an empty batch has no weight gradient');
  if (kh * kw === 1) return [reshaped(model, joined, attributes.weightShape)];
  const stacked = reshaped(model, joined, [kh * kw, o * c]);
  return [reshaped(model, transposed(model, stacked, [1, 0]), attributes.weightShape)];
}

/** Per tap [1, C]: products of dy and the shifted input, summed over batch and picture. */
function depthwiseTaps(
  input: LoweringInput<'conv2dWeightGrad'>,
  taps: readonly [number, number][],
): string[] {
  const { model, attributes, inputs, inputTypes } = input;
  const [dy, x] = inputs as [string, string];
  const output = inputTypes[0]!.shape.slice(2);
  const [n, channels] = inputTypes[0]!.shape as [number, number];
  const source = padded(model, x, attributes.padding);
  return taps.map((tap) => {
    const shifted = tapOf(model, source, tap, { stride: attributes.stride, output, axes: [2, 3] });
    const product = reshaped(model, model.node('Mul', [dy, shifted]), [n, channels, output[0]! * output[1]!]);
    return reshaped(model, model.node('ReduceSum', [product, model.ints([0, 2])], { keepdims: 0 }), [
      1,
      channels,
    ]);
  });
}

/** Per tap [G, O/G, C/G] (flattened with a leading 1): products of [G, O/G, K] and [G, K, C/G] with K = H'·W'·N. */
function productTaps(input: LoweringInput<'conv2dWeightGrad'>, taps: readonly [number, number][]): string[] {
  const { model, attributes, inputs, inputTypes } = input;
  const { groups, padding, stride } = attributes;
  const [dy, x] = inputs as [string, string];
  const [n, o, oh, ow] = inputTypes[0]!.shape as Size4;
  const [, channels, h, w] = inputTypes[1]!.shape as Size4;
  const count = oh * ow * n;
  const left = reshaped(model, transposed(model, dy, [1, 2, 3, 0]), [groups, o / groups, count]);
  const grouped = reshaped(model, padded(model, x, padding), [
    n,
    groups,
    channels / groups,
    h + 2 * padding[0],
    w + 2 * padding[1],
  ]);
  // Spatial axes first, so that a tap is made of long contiguous runs.
  const right = transposed(model, grouped, [1, 3, 4, 0, 2]);
  return taps.map((tap) => {
    const shifted = tapOf(model, right, tap, { stride, output: [oh, ow], axes: [1, 2] });
    const matrix = reshaped(model, shifted, [groups, count, channels / groups]);
    return reshaped(model, model.node('MatMul', [left, matrix]), [1, (o * channels) / groups]);
  });
}

/** Lowerings of the convolutions. */
export const convLowerings: Lowerings<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: ({ model, attributes, inputs, inputTypes }) => [
    model.node('Conv', inputs, convAttributes(attributes, inputTypes[1]!.shape)),
  ],
  conv2dInputGrad: lowerInputGrad,
  conv2dWeightGrad: lowerWeightGrad,
};
