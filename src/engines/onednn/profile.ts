import { sizeOf } from '../../graph/tensorType.js';
import { describeSpec } from './describe.js';
import type { PrimitiveSpec } from './dnnl.js';
import type { Step } from './plan/step.js';

/** Floating-point operations of a primitive; a multiply-add counts two, and copies none. */
function flopsOfSpec(spec: PrimitiveSpec): number {
  switch (spec.kind) {
    case 'convolution': {
      const { shape } = spec.weights;
      return 2 * sizeOf(spec.dst.shape) * sizeOf(shape.slice(shape.length - 3));
    }
    case 'matmul':
      return 2 * sizeOf(spec.dst.shape) * spec.a.shape[1]!;
    case 'batchNorm':
      return 8 * sizeOf(spec.data.shape);
    case 'eltwise':
    case 'layerNorm':
      return sizeOf(spec.data.shape);
    case 'binary':
      return sizeOf(spec.dst.shape);
    case 'sum':
      return 2 * spec.sources.length * sizeOf(spec.dst.shape);
    case 'pooling':
      return Math.max(sizeOf(spec.src.shape), sizeOf(spec.dst.shape));
    case 'reorder':
      return 0;
  }
}

/** Floating-point operations of a step; those of host functions are not counted. */
export function flopsOf(step: Step): number {
  return step.kind === 'host' ? 0 : flopsOfSpec(step.spec);
}

/** Bytes that a step reads and writes, each tensor once. */
export function bytesOf(step: Step): number {
  const places =
    step.kind === 'host' ? [...step.inputs, ...step.outputs] : step.args.map(({ place }) => place);
  const sizes = new Map(places.map(({ desc, buffer }) => [`${buffer.id} ${desc.key}`, desc.bytes]));
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}

/** What a step works on, for a person. */
export function detailOf(step: Step): string {
  if (step.kind === 'primitive') return describeSpec(step.spec);
  return [...step.inputs, ...step.outputs]
    .map(({ desc }) => `${desc.type}[${desc.shape.join(',')}]`)
    .join(' ');
}
