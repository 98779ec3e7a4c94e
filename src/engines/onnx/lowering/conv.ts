import type { ConvGeometry } from '../../../graph/op.js';
import type { TensorType } from '../../../graph/tensorType.js';
import { blockedConv, forwardFilter, toBlocked } from './blockedConv.js';
import { convInputGrad } from './convInputGrad.js';
import { convWeightGrad } from './convWeightGrad.js';
import { depthwiseForward, isBlockedDepthwise } from './depthwise.js';
import { type GraphBuilder, MICROSOFT, type Name } from './graphBuilder.js';
import { dimensions4, type Lowerings, type Value } from './lowering.js';

/** Forward convolution in the blocked layout, where it is faster: kernels larger than 1×1, one group, channels that fill blocks. Undefined elsewhere. */
function blockedForward(
  b: GraphBuilder,
  { stride, padding, dilation, groups }: ConvGeometry,
  [x, weight, bias]: readonly [Value, Value, Value?],
): Name | undefined {
  const block = b.features.blockSize;
  const shape = dimensions4(weight);
  const [o, c, kh, kw] = shape;
  const fills = block !== undefined && groups === 1 && c % block === 0 && o % block === 0;
  if (!fills || kh * kw === 1) return undefined;
  return blockedConv(b, {
    x: toBlocked(b, x.name),
    filter: b.prepare(() => forwardFilter(b, weight.name, shape, block)),
    bias: bias?.name,
    kernel: [kh, kw],
    strides: stride,
    dilations: dilation,
    pads: [...padding, ...padding],
    channels: o,
  });
}

/** In a layout of ONNX Runtime's own, where that is faster. */
function rearrangedForward(
  b: GraphBuilder,
  geometry: ConvGeometry,
  inputs: readonly [Value, Value, Value?],
  y: TensorType,
): Name | undefined {
  const [x, weight] = inputs;
  return isBlockedDepthwise(b, geometry.groups, dimensions4(x), dimensions4(weight))
    ? depthwiseForward(b, geometry, inputs, y.shape)
    : blockedForward(b, geometry, inputs);
}

function forward(
  b: GraphBuilder,
  geometry: ConvGeometry,
  inputs: readonly [Value, Value, Value?],
  y: TensorType,
): Name {
  const rearranged = rearrangedForward(b, geometry, inputs, y);
  return rearranged ?? b.op('Conv', namesOf(inputs), attributesOf(geometry, inputs[1]));
}

function namesOf(inputs: readonly [Value, Value, Value?]): Name[] {
  return inputs.flatMap((input) => (input ? [input.name] : []));
}

function attributesOf({ stride, padding, dilation, groups }: ConvGeometry, weight: Value) {
  const [, , kh, kw] = dimensions4(weight);
  return {
    kernel_shape: [kh, kw],
    strides: stride,
    dilations: dilation,
    pads: [...padding, ...padding],
    group: groups,
  };
}

/** Adds a forward convolution with a ReLU, which takes a pass over the result less where one node computes both. */
export function convRelu(
  b: GraphBuilder,
  geometry: ConvGeometry,
  inputs: readonly [Value, Value, Value?],
  y: TensorType,
): Name {
  const rearranged = rearrangedForward(b, geometry, inputs, y);
  if (rearranged !== undefined) return b.op('Relu', [rearranged]);
  const attributes = { ...attributesOf(geometry, inputs[1]), activation: 'Relu' };
  return b.op('FusedConv', namesOf(inputs), attributes, MICROSOFT);
}

/** Lowerings of the convolutions. */
export const convLowerings: Lowerings<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: (geometry, [x, weight, bias], b, [y]) => [
    forward(b, geometry, bias ? [x!, weight!, bias] : [x!, weight!], y!),
  ],
  conv2dInputGrad: (geometry, [dy, weight], b, [dx]) => [convInputGrad(b, geometry, [dy!, weight!], dx!)],
  conv2dWeightGrad: (geometry, [dy, x], b, [dw]) => [convWeightGrad(b, geometry, [dy!, x!], dw!)],
};
