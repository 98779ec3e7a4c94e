import type { ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { expectFloats, expectInputs, expectShape } from './check.js';

/**
 * Moves an average toward a value: a ← a + s·(v − a).
 *
 * @param share s, a scalar
 */
export function averageUpdate(average: Tensor, value: Tensor, share: Tensor): Tensor {
  return emitOne('averageUpdate', {}, [average, value, share]);
}

/** Shape rule of the update. */
export const averageShapes: ShapeRules<'averageUpdate'> = {
  averageUpdate: (_, inputs) => {
    expectInputs('averageUpdate', inputs, 3);
    expectFloats('averageUpdate', inputs);
    expectShape('averageUpdate', 'value', inputs[1]!.shape, inputs[0]!.shape);
    expectShape('averageUpdate', 'share', inputs[2]!.shape, []);
    return [inputs[0]!];
  },
};

/** The update is the end of a step. */
export const averageGradients: GradientRules<'averageUpdate'> = {
  averageUpdate: { unsupported: 'an update is not differentiated' },
};
