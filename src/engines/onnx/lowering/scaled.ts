import { sizeOf } from '../../../graph/tensorType.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Value } from './lowering.js';

/**
 * Combines a tensor with a scalar. ONNX Runtime goes through a tensor that ends in axes of 1, as 1×1
 * convolutions' weights do, element by element, twenty times slower than through a flat one.
 */
export function withScalar(
  b: GraphBuilder,
  operator: 'Add' | 'Mul' | 'Div',
  { name, shape }: Pick<Value, 'name' | 'shape'>,
  scalar: Name,
): Name {
  if (shape.at(-1) !== 1) return b.op(operator, [name, scalar]);
  return b.reshape(b.op(operator, [b.reshape(name, [sizeOf(shape)]), scalar]), shape);
}
