import type { ShapeRules } from '../op.js';
import type { GradientRules } from '../tensor.js';
import { formatShape, GraphError, sizeOf } from '../tensorType.js';
import { f32 } from './check.js';

type SourceKind = 'input' | 'variable' | 'constant' | 'uniform';

/** Shape rules of the operations that a graph begins with. */
export const sourceShapes: ShapeRules<SourceKind> = {
  input: ({ shape, dtype }) => [{ shape, dtype }],
  variable: ({ shape, dtype }) => [{ shape, dtype }],
  constant: ({ shape, dtype, data }) => {
    if (data.length !== sizeOf(shape))
      throw new GraphError(`constant: ${data.length} values do not fill ${formatShape(shape)}`);
    return [{ shape, dtype }];
  },
  uniform: ({ shape }) => [f32(shape)],
};

/** A source has no inputs for a gradient to reach. */
export const sourceGradients: GradientRules<SourceKind> = {
  input: { none: 'an input depends on nothing' },
  variable: { none: 'a variable depends on nothing' },
  constant: { none: 'a constant depends on nothing' },
  uniform: { none: 'random numbers depend on nothing' },
};
