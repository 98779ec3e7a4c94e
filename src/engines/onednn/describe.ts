import type { MemoryDesc } from './memoryDesc.js';
import type { PrimitiveSpec } from './primitiveSpec.js';

/** Element type, shape and layout of a tensor, human-readable. */
export function describeDesc({ type, shape, layout }: MemoryDesc): string {
  return `${type}[${shape.join(',')}]:${layout}`;
}

/** A primitive's pass and function, human-readable. */
export function variantOf(spec: PrimitiveSpec): string {
  const words: string[] = [spec.kind];
  if ('pass' in spec) words.push(spec.pass);
  if ('fn' in spec) words.push(spec.fn);
  if (spec.postOps?.length) words.push(`then ${spec.postOps.map(({ kind }) => kind).join(', ')}`);
  return words.join(' ');
}

/** The tensors that a primitive reads and writes, by the names of its specification. */
export function descsOf(spec: PrimitiveSpec): MemoryDesc[] {
  switch (spec.kind) {
    case 'convolution':
      return [spec.src, spec.weights, ...(spec.bias ? [spec.bias] : []), spec.dst];
    case 'batchNorm':
      return spec.pass === 'gradient' ? [spec.data, spec.data, spec.data] : [spec.data, spec.data];
    case 'eltwise':
      return spec.pass === 'gradient' ? [spec.data, spec.data, spec.data] : [spec.data, spec.data];
    case 'binary':
      return [spec.a, spec.b, spec.dst];
    case 'sum':
      return [...spec.sources, spec.dst];
    case 'reorder':
    case 'pooling':
    case 'reduction':
      return [spec.src, spec.dst];
    case 'matmul':
      return [spec.a, spec.b, spec.dst];
    case 'logSoftmax':
      return [spec.data, spec.data];
    case 'layerNorm':
      return [spec.data, spec.statistics];
  }
}

/** A primitive with its shapes and layouts in one line, for messages. */
export function describeSpec(spec: PrimitiveSpec): string {
  return `${variantOf(spec)} ${descsOf(spec).map(describeDesc).join(' ')}`;
}
