import type { ConvGeometry } from '../../../graph/op.js';
import type { TensorType } from '../../../graph/tensorType.js';
import { blockedConv, forwardFilter, toBlocked } from './blockedConv.js';
import { convInputGrad } from './convInputGrad.js';
import { convWeightGrad } from './convWeightGrad.js';
import { depthwiseForward, isBlockedDepthwise } from './depthwise.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
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

function forward(
  b: GraphBuilder,
  geometry: ConvGeometry,
  inputs: readonly [Value, Value, Value?],
  y: TensorType,
): Name {
  const [x, weight] = inputs;
  if (isBlockedDepthwise(b, geometry.groups, dimensions4(x), dimensions4(weight)))
    return depthwiseForward(b, geometry, inputs, y.shape);
  const blocked = blockedForward(b, geometry, inputs);
  if (blocked !== undefined) return blocked;
  const [, , kh, kw] = dimensions4(weight);
  const { stride, padding, dilation, groups } = geometry;
  return b.op(
    'Conv',
    inputs.flatMap((input) => (input ? [input.name] : [])),
    {
      kernel_shape: [kh, kw],
      strides: stride,
      dilations: dilation,
      pads: [...padding, ...padding],
      group: groups,
    },
  );
}

/** Lowerings of the convolutions. */
export const convLowerings: Lowerings<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: (geometry, [x, weight, bias], b, [y]) => [
    forward(b, geometry, bias ? [x!, weight!, bias] : [x!, weight!], y!),
  ],
  conv2dInputGrad: (geometry, [dy, weight], b, [dx]) => [convInputGrad(b, geometry, [dy!, weight!], dx!)],
  conv2dWeightGrad: (geometry, [dy, x], b, [dw]) => [convWeightGrad(b, geometry, [dy!, x!], dw!)],
};
