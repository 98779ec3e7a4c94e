import type { Name } from './graphBuilder.js';
import type { Lowerings } from './lowering.js';
import { withScalar } from './scaled.js';

/** Lowering of stochastic gradient descent; the formula is in the graph's rules. */
export const sgdLowerings: Lowerings<'sgdUpdate'> = {
  sgdUpdate: ({ momentum, weightDecay, nesterov }, [w, gradient, m, rate], b) => {
    const { shape } = w!;
    const times = (name: Name, factor: Name): Name => withScalar(b, 'Mul', { name, shape }, factor);
    const decay = b.scalar(weightDecay);
    const g = weightDecay === 0 ? gradient!.name : b.op('Add', [gradient!.name, times(w!.name, decay)]);
    const kept = b.scalar(momentum);
    const nextM = b.op('Add', [times(m!.name, kept), g]);
    const direction = nesterov ? b.op('Add', [g, times(nextM, kept)]) : nextM;
    return [b.op('Sub', [w!.name, times(direction, rate!.name)]), nextM];
  },
};
