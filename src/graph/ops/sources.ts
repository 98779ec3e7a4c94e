import type { ShapeRules } from '../op.js';
import type { GradientRules } from '../tensor.js';
import { formatShape, GraphError, sizeOf } from '../tensorType.js';
import { expectPositive, f32 } from './check.js';

type SourceKind = 'input' | 'variable' | 'constant' | 'uniform';

/** Shape rules of a graph's sources. */
export const sourceShapes: ShapeRules<SourceKind> = {
  input: ({ name, shape, dtype }) => {
    expectPositive('input', `sizes of ${name}`, shape);
    return [{ shape, dtype }];
  },
  variable: ({ name, shape, dtype }) => {
    expectPositive('variable', `sizes of ${name}`, shape);
    return [{ shape, dtype }];
  },
  constant: ({ shape, dtype, data }) => {
    expectPositive('constant', 'sizes', shape);
    if (data.length !== sizeOf(shape))
      throw new GraphError(`constant: ${data.length} values do not fill ${formatShape(shape)}`);
    return [{ shape, dtype }];
  },
  uniform: ({ stream, shape }) => {
    expectPositive('uniform', `sizes of ${stream}`, shape);
    return [f32(shape)];
  },
};

/** A source has no inputs for a gradient to reach. */
export const sourceGradients: GradientRules<SourceKind> = {
  input: { none: 'an input depends on nothing' },
  variable: { none: 'a variable depends on nothing' },
  constant: { none: 'a constant depends on nothing' },
  uniform: { none: 'random numbers depend on nothing' },
};
