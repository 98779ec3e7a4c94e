import type { Shape } from '../../../graph/tensorType.js';
import { dimensions4, type Floats, floats, type Kernels } from '../kernel.js';

/** Calls back for each image of a channel with the place of its plane: [start, end). */
function forEachPlane(shape: Shape, channel: number, visit: (start: number, end: number) => void): void {
  const [n, channels, h, w] = dimensions4(shape);
  for (let image = 0; image < n; image++) {
    const start = (image * channels + channel) * h * w;
    visit(start, start + h * w);
  }
}

/** Sum over a channel of a function of an element's place. */
function channelSum(shape: Shape, channel: number, term: (index: number) => number): number {
  let total = 0;
  forEachPlane(shape, channel, (start, end) => {
    for (let i = start; i < end; i++) total += term(i);
  });
  return total;
}

/** y = x·scale + shift over a channel. */
function scaleChannel(
  shape: Shape,
  channel: number,
  [x, y]: readonly [Floats, Floats],
  [scale, shift]: readonly [number, number],
): void {
  forEachPlane(shape, channel, (start, end) => {
    for (let i = start; i < end; i++) y[i] = x[i]! * scale + shift;
  });
}

/** Batch normalisation and its gradient; the formulas are in the graph's rules. */
export const batchNormKernels: Kernels<'batchNormTrain' | 'batchNormTrainGrad' | 'batchNormInference'> = {
  batchNormTrain: ({ epsilon }, [x, gamma, beta], [y, mean, variance]) => {
    const [xs, gammas, betas] = [floats(x), floats(gamma), floats(beta)];
    const [ys, means, variances] = [floats(y), floats(mean), floats(variance)];
    const { shape } = x!;
    const count = xs.length / gammas.length;
    for (let c = 0; c < gammas.length; c++) {
      const center = channelSum(shape, c, (i) => xs[i]!) / count;
      const spread = channelSum(shape, c, (i) => (xs[i]! - center) ** 2) / count;
      const scale = gammas[c]! / Math.sqrt(spread + epsilon);
      scaleChannel(shape, c, [xs, ys], [scale, betas[c]! - center * scale]);
      means[c] = center;
      variances[c] = spread;
    }
  },
  batchNormTrainGrad: ({ epsilon }, [dy, x, gamma, mean, variance], [dx, dgamma, dbeta]) => {
    const [dys, xs, gammas] = [floats(dy), floats(x), floats(gamma)];
    const [means, variances] = [floats(mean), floats(variance)];
    const [dxs, dgammas, dbetas] = [floats(dx), floats(dgamma), floats(dbeta)];
    const { shape } = x!;
    const count = xs.length / gammas.length;
    for (let c = 0; c < gammas.length; c++) {
      const center = means[c]!;
      const inverse = 1 / Math.sqrt(variances[c]! + epsilon);
      const sum = channelSum(shape, c, (i) => dys[i]!);
      const projection = channelSum(shape, c, (i) => dys[i]! * (xs[i]! - center)) * inverse;
      forEachPlane(shape, c, (start, end) => {
        for (let i = start; i < end; i++) {
          const normalised = (xs[i]! - center) * inverse;
          dxs[i] = gammas[c]! * inverse * (dys[i]! - (sum + normalised * projection) / count);
        }
      });
      dgammas[c] = projection;
      dbetas[c] = sum;
    }
  },
  batchNormInference: ({ epsilon }, [x, gamma, beta, mean, variance], [y]) => {
    const [gammas, betas, means, variances] = [gamma, beta, mean, variance].map(floats) as [
      Floats,
      Floats,
      Floats,
      Floats,
    ];
    for (let c = 0; c < gammas.length; c++) {
      const scale = gammas[c]! / Math.sqrt(variances[c]! + epsilon);
      scaleChannel(x!.shape, c, [floats(x), floats(y)], [scale, betas[c]! - means[c]! * scale]);
    }
  },
};
