import type { Shape } from '../../../graph/tensorType.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { ConvSpec } from '../primitiveSpec.js';
import type { Convolution, LibraryWay } from '../ways/way.js';
import { losesRows, weightShape } from './convShapes.js';

/** The library's primitive for a convolution. */
export function convSpec(
  { dnnl, layouts }: Draft,
  { pass, geometry, shapes, hasBias }: Convolution,
  { algorithm, type, layout }: LibraryWay,
): ConvSpec {
  const { x, weight, y } = shapes;
  const isPlain = pass === 'weightGradient' && losesRows(geometry, shapes);
  const images = (shape: Shape): MemoryDesc => {
    if (isPlain) return layouts.rowMajor(shape, type);
    return layout === 'images' ? layouts.images(shape, type) : dnnl.any(shape, type);
  };
  return {
    kind: 'convolution',
    pass,
    algorithm,
    src: images(x),
    weights: dnnl.any(weightShape(weight, geometry.groups), pass === 'weightGradient' ? 'f32' : type),
    bias: hasBias ? layouts.rowMajor([weight[0]!]) : undefined,
    dst: images(y),
    strides: geometry.stride,
    dilation: geometry.dilation,
    paddingBegin: geometry.padding,
    paddingEnd: geometry.padding,
  };
}
