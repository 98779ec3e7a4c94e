import { sizeOf } from '../../../graph/tensorType.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import { dimensions4, type Lowerings, type Value } from './lowering.js';
import { sumOver } from './reduce.js';

/** For providers without the operator's training mode: mean and variance of the batch, and its inference mode. */
function statisticsFirst(
  b: GraphBuilder,
  epsilon: number,
  [x, gamma, beta]: readonly [Value, Value, Value],
): Name[] {
  const [n, c, h, w] = dimensions4(x);
  const count = b.scalar(n * h * w);
  const mean = b.op('Div', [sumOver(b, x, [0, 2, 3], [c]), count]);
  const centred = b.op('Sub', [x.name, b.reshape(mean, [c, 1, 1])]);
  const squares = { ...x, name: b.op('Mul', [centred, centred]) };
  const variance = b.op('Div', [sumOver(b, squares, [0, 2, 3], [c]), count]);
  const inputs = [x.name, gamma.name, beta.name, mean, variance];
  return [b.op('BatchNormalization', inputs, { epsilon: { float: epsilon } }), mean, variance];
}

/** Σdy(x − m) of each channel: as Σdy·x − m·Σdy, which passes over the images once less, where rounding allows it. */
function centredProducts(b: GraphBuilder, [dy, x, mean]: readonly [Value, Value, Value], dbeta: Name): Name {
  const [, c] = dimensions4(x);
  const exact = b.features.addsFewAtATime;
  const factor = exact ? b.op('Sub', [x.name, b.reshape(mean.name, [c, 1, 1])]) : x.name;
  const total = sumOver(b, { ...x, name: b.op('Mul', [dy.name, factor]) }, [0, 2, 3], [c]);
  return exact ? total : b.op('Sub', [total, b.op('Mul', [dbeta, mean.name])]);
}

/** Lowerings of batch normalisation; the formulas are in the graph's rules. */
export const batchNormLowerings: Lowerings<'batchNormTrain' | 'batchNormTrainGrad' | 'batchNormInference'> = {
  // With momentum 0, the operator's running statistics are the batch's own. It writes them over its third
  // and fourth inputs, so those must be tensors that nothing else reads: zeros made from gamma and beta.
  batchNormTrain: ({ epsilon }, [x, gamma, beta], b) => {
    if (!b.features.trainingBatchNorm) return statisticsFirst(b, epsilon, [x!, gamma!, beta!]);
    const zeros = [gamma!.name, beta!.name].map((name) => b.op('Sub', [name, name]));
    const attributes = { epsilon: { float: epsilon }, momentum: { float: 0 }, training_mode: 1 };
    return b.nodeMulti('BatchNormalization', [x!.name, gamma!.name, beta!.name, ...zeros], attributes, 3);
  },
  // dx = s·(dy + q·x + r) with s = γ/σ, q = −Σdy(x − m)/(nσ²), r = −Σdy/n − q·m, σ² = variance + ε.
  batchNormTrainGrad: ({ epsilon }, [dy, x, gamma, mean, variance], b) => {
    const [, c] = x!.shape as [number, number];
    const count = b.scalar(sizeOf(x!.shape) / c);
    const dbeta = sumOver(b, dy!, [0, 2, 3], [c]);
    const centred = centredProducts(b, [dy!, x!, mean!], dbeta);
    const squared = b.op('Add', [variance!.name, b.scalar(epsilon)]);
    const deviation = b.op('Sqrt', [squared]);
    const dgamma = b.op('Div', [centred, deviation]);
    const q = b.op('Neg', [b.op('Div', [centred, b.op('Mul', [squared, count])])]);
    const r = b.op('Neg', [b.op('Add', [b.op('Div', [dbeta, count]), b.op('Mul', [q, mean!.name])])]);
    const zeros = b.filled(0, c);
    const affine = b.op('BatchNormalization', [x!.name, q, r, zeros, b.filled(1, c)], {
      epsilon: { float: 0 },
    });
    const scale = b.reshape(b.op('Div', [gamma!.name, deviation]), [c, 1, 1]);
    return [b.op('Mul', [b.op('Add', [dy!.name, affine]), scale]), dgamma, dbeta];
  },
  batchNormInference: ({ epsilon }, inputs, b) => [
    b.op(
      'BatchNormalization',
      inputs.map(({ name }) => name),
      { epsilon: { float: epsilon } },
    ),
  ],
};
