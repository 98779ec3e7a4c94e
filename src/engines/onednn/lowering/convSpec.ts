import type { ConvGeometry } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';
import type { ElementType, MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { ConvSpec } from '../primitiveSpec.js';
import { type ConvShapes, fitsWinograd, weightShape } from './convShapes.js';

/** A convolution or one of its gradients. */
interface Convolution {
  readonly pass: ConvSpec['pass'];
  readonly geometry: ConvGeometry;
  readonly shapes: ConvShapes;
  /** Default false. */
  readonly hasBias?: boolean;
}

/** Channels of a block in the layouts of AVX512 code. */
const BLOCK = 16;

/**
 * Winograd's F(4×4, 3×3) needs a quarter of the multiplications. Measured with oneDNN 2.6.3: 1.3 to 2.6 times
 * the direct algorithm's speed from 32 channels up, but not on images of a single tile with few channels.
 */
function isWinograd(
  { layouts: { block }, dnnl }: Draft,
  geometry: ConvGeometry,
  { weight, y }: ConvShapes,
): boolean {
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
function elementType(draft: Draft, { pass, geometry, shapes }: Convolution): ElementType {
  const [outputs, inputs] = shapes.weight as [number, number];
  const pixels = shapes.y[2]! * shapes.y[3]!;
  const ofWeights = pass === 'weightGradient';
  if (ofWeights && geometry.groups === 1 && inputs < BLOCK) return 'f32';
  const isLarge = Math.min(outputs, inputs) >= 256 && isWinograd(draft, geometry, shapes);
  return isLarge && (pixels === 64 || (ofWeights && pixels <= 16)) ? 'f32' : draft.layouts.activation;
}

/** Whether to name the layout of images rather than to let the library choose. */
function namesLayout({ layouts: { block }, dnnl }: Draft, { pass, geometry, shapes }: Convolution): boolean {
  const { stride, groups } = geometry;
  const isStridedDepthwise = groups === shapes.x[1] && Math.max(...stride) > 1;
  return (
    block !== undefined && dnnl.traits.slowStridedDepthwise && pass === 'inputGradient' && isStridedDepthwise
  );
}

/** A convolution whose layouts the library is to choose, as a rule. */
export function convSpec(draft: Draft, convolution: Convolution): ConvSpec {
  const { dnnl } = draft;
  const { pass, geometry, shapes, hasBias = false } = convolution;
  const { x, weight, y } = shapes;
  const activation = elementType(draft, convolution);
  const weightType = pass === 'weightGradient' ? 'f32' : activation;
  const isNamed = namesLayout(draft, convolution);
  const images = (shape: Shape): MemoryDesc =>
    isNamed ? draft.layouts.images(shape) : dnnl.any(shape, activation);
  return {
    kind: 'convolution',
    pass,
    algorithm: activation === 'f32' && isWinograd(draft, geometry, shapes) ? 'winograd' : 'direct',
    src: images(x),
    weights: dnnl.any(weightShape(weight, geometry.groups), weightType),
    bias: hasBias ? draft.layouts.rowMajor([weight[0]!]) : undefined,
    dst: images(y),
    strides: geometry.stride,
    dilation: geometry.dilation,
    paddingBegin: geometry.padding,
    paddingEnd: geometry.padding,
  };
}
