import type { Shape } from '../../../graph/tensorType.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Lowerings } from './lowering.js';
import { withScalar } from './scaled.js';

/** Arithmetic on tensors of one shape. */
class Elements {
  constructor(
    private readonly b: GraphBuilder,
    private readonly shape: Shape,
  ) {}

  times(x: Name, factor: Name | number): Name {
    return this.scalar('Mul', x, factor);
  }

  plus(x: Name, term: Name | number): Name {
    return this.scalar('Add', x, term);
  }

  over(x: Name, divisor: Name): Name {
    return this.scalar('Div', x, divisor);
  }

  /** share·old + (1 − share)·x */
  mean(old: Name, x: Name, share: number): Name {
    return this.b.op('Add', [this.times(old, share), this.times(x, 1 - share)]);
  }

  /** w·(1 − η·λ) */
  decayed(w: Name, rate: Name, weightDecay: number): Name {
    if (weightDecay === 0) return w;
    const { b } = this;
    const kept = b.op('Sub', [b.scalar(1), b.op('Mul', [rate, b.scalar(weightDecay)])]);
    return this.times(w, kept);
  }

  private scalar(operator: 'Add' | 'Mul' | 'Div', name: Name, scalar: Name | number): Name {
    const factor = typeof scalar === 'number' ? this.b.scalar(scalar) : scalar;
    return withScalar(this.b, operator, { name, shape: this.shape }, factor);
  }
}

/** Lowerings of adaptive optimisers' updates, and of averages'; the formulas are in the graph's rules. */
export const adaptiveLowerings: Lowerings<'adamwUpdate' | 'rmspropUpdate' | 'lionUpdate' | 'averageUpdate'> =
  {
    averageUpdate: (_, inputs, b) => {
      const [average, value, share] = inputs.map(({ name }) => name);
      const on = new Elements(b, inputs[0]!.shape);
      return [b.op('Add', [average!, on.times(b.op('Sub', [value!, average!]), share!)])];
    },
    adamwUpdate: ({ beta1, beta2, epsilon, weightDecay }, inputs, b) => {
      const [w, g, m, v, rate, first, second] = inputs.map(({ name }) => name);
      const on = new Elements(b, inputs[0]!.shape);
      const nextM = on.mean(m!, g!, beta1);
      const nextV = on.mean(v!, b.op('Mul', [g!, g!]), beta2);
      const root = on.plus(b.op('Sqrt', [on.over(nextV, second!)]), epsilon);
      const step = on.times(b.op('Div', [nextM, root]), b.op('Div', [rate!, first!]));
      return [b.op('Sub', [on.decayed(w!, rate!, weightDecay), step]), nextM, nextV];
    },
    rmspropUpdate: ({ alpha, epsilon, momentum, weightDecay, tensorFlow }, inputs, b) => {
      const [w, gradient, squares, buffer, rate] = inputs.map(({ name }) => name);
      const on = new Elements(b, inputs[0]!.shape);
      const g = weightDecay === 0 ? gradient! : b.op('Add', [gradient!, on.times(w!, weightDecay)]);
      const nextSquares = on.mean(squares!, b.op('Mul', [g, g]), alpha);
      const root = tensorFlow
        ? b.op('Sqrt', [on.plus(nextSquares, epsilon)])
        : on.plus(b.op('Sqrt', [nextSquares]), epsilon);
      const change = b.op('Div', [g, root]);
      const added = tensorFlow ? on.times(change, rate!) : change;
      const nextBuffer = b.op('Add', [on.times(buffer!, momentum), added]);
      const step = tensorFlow ? nextBuffer : on.times(nextBuffer, rate!);
      return [b.op('Sub', [w!, step]), nextSquares, nextBuffer];
    },
    lionUpdate: ({ beta1, beta2, weightDecay }, inputs, b) => {
      const [w, g, m, rate] = inputs.map(({ name }) => name);
      const on = new Elements(b, inputs[0]!.shape);
      const sign = b.op('Sign', [on.mean(m!, g!, beta1)]);
      const next = b.op('Sub', [on.decayed(w!, rate!, weightDecay), on.times(sign, rate!)]);
      return [next, on.mean(m!, g!, beta2)];
    },
  };
