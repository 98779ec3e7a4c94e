import type { ConvGeometry } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';
import type { ElementType, MemoryDesc } from '../memoryDesc.js';
import type { Planner } from '../plan/planner.js';
import type { ConvSpec } from '../primitiveSpec.js';
import { type ConvShapes, fitsWinograd, weightShape } from './convShapes.js';

/** Channels of a block in the layouts of AVX512 code. */
const BLOCK = 16;

/**
 * Winograd's F(4×4, 3×3) needs a quarter of the multiplications. Measured with oneDNN 2.6.3: 1.3 to 2.6 times
 * the direct algorithm's speed from 32 channels up, but not on images of a single tile with few channels.
 */
function isWinograd({ block, dnnl }: Planner, geometry: ConvGeometry, { weight, y }: ConvShapes): boolean {
  const fits = block === BLOCK && dnnl.traits.winograd && fitsWinograd(geometry, weight, BLOCK);
  const channels = Math.min(weight[0]!, weight[1]!);
  return fits && (channels >= 64 || (channels >= 32 && y[2]! * y[3]! >= 64));
}

/**
 * Type of a convolution's operands: the activations', but for those that oneDNN 2.6.3 is slower at in bf16
 * than in f32. That is the weight gradient toward images, whose channels fill no block (3.5 ms against 0.5),
 * and Winograd's convolutions of 256 channels and more: all of 8×8 pixels (256 channels, batch 64: 5.0 ms
 * against 3.6 forward, 5.3 against 3.7, 5.7 against 5.1), the weight gradient of 4×4 (512: 10.9 against 5.7).
 */
function elementType(
  planner: Planner,
  pass: ConvSpec['pass'],
  geometry: ConvGeometry,
  shapes: ConvShapes,
): ElementType {
  const [outputs, inputs] = shapes.weight as [number, number];
  const pixels = shapes.y[2]! * shapes.y[3]!;
  const ofWeights = pass === 'weightGradient';
  if (ofWeights && geometry.groups === 1 && inputs < BLOCK) return 'f32';
  const isLarge = Math.min(outputs, inputs) >= 256 && isWinograd(planner, geometry, shapes);
  return isLarge && (pixels === 64 || (ofWeights && pixels <= 16)) ? 'f32' : planner.activation;
}

/** Whether to name the layout of images rather than to let the library choose. */
function namesLayout(
  { block, dnnl }: Planner,
  pass: ConvSpec['pass'],
  { stride, groups }: ConvGeometry,
  { x }: ConvShapes,
): boolean {
  const isStridedDepthwise = groups === x[1] && Math.max(...stride) > 1;
  return (
    block !== undefined && dnnl.traits.slowStridedDepthwise && pass === 'inputGradient' && isStridedDepthwise
  );
}

/** A convolution whose layouts the library is to choose, as a rule. */
export function convSpec(
  planner: Planner,
  pass: ConvSpec['pass'],
  geometry: ConvGeometry,
  { x, weight, y }: ConvShapes,
  withBias: boolean,
): ConvSpec {
  const { dnnl } = planner;
  const { stride, padding, dilation, groups } = geometry;
  const activation = elementType(planner, pass, geometry, { x, weight, y });
  const weightType = pass === 'weightGradient' ? 'f32' : activation;
  const isNamed = namesLayout(planner, pass, geometry, { x, weight, y });
  const images = (shape: Shape): MemoryDesc =>
    isNamed ? planner.images(shape) : dnnl.any(shape, activation);
  return {
    kind: 'convolution',
    pass,
    algorithm:
      activation === 'f32' && isWinograd(planner, geometry, { x, weight, y }) ? 'winograd' : 'direct',
    src: images(x),
    weights: dnnl.any(weightShape(weight, groups), weightType),
    bias: withBias ? planner.rowMajor([weight[0]!]) : undefined,
    dst: images(y),
    strides: stride,
    dilation,
    paddingBegin: padding,
    paddingEnd: padding,
  };
}
