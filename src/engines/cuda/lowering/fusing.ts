import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { AnyEngineNode } from '../../fusion/node.js';
import { type Arithmetic, BYTES } from '../device.js';

/** What says which convolutions are fused with their neighbours. */
export interface Fusing {
  readonly arithmetic: Arithmetic;
  /** Bytes of an image and its result, at most. */
  readonly fusedBytes: number;
}

/**
 * Whether a convolution is fused. Its kernel then computes its image where it is read, and adds up its results. With large tensors
 * memory is the bound, and what is written in between can cost less than waiting for it.
 */
export function isFused(image: Shape, result: Shape, { arithmetic, fusedBytes }: Fusing): boolean {
  const bytes = BYTES[arithmetic === 'bf16' ? 'bf16' : 'f32'];
  return (sizeOf(image) + sizeOf(result)) * bytes <= fusedBytes;
}

/** The shapes of a convolution's tensors. */
export interface ConvolutionShapes {
  readonly image: Shape;
  readonly filter: Shape;
  readonly result: Shape;
  readonly geometry: ConvGeometry;
}

/** The shapes of a convolution, of which a node may also be one of the gradients; undefined for other nodes. */
export function convolutionShapes(
  node: AnyEngineNode,
  shapeOf: (value: ValueId) => Shape,
): ConvolutionShapes | undefined {
  const [first, second] = node.inputs.map(shapeOf) as [Shape, Shape];
  switch (node.kind) {
    case 'conv2d':
      return { image: first, filter: second, result: shapeOf(node.outputs[0]!), geometry: node.attributes };
    case 'conv2dInputGrad':
      return { image: node.attributes.inputShape, filter: second, result: first, geometry: node.attributes };
    case 'conv2dWeightGrad':
      return { image: second, filter: node.attributes.weightShape, result: first, geometry: node.attributes };
    default:
      return undefined;
  }
}
