import { floats, type Kernels } from '../kernel.js';

/** Stochastic gradient descent; the formula is in the graph's rules. */
export const sgdKernels: Kernels<'sgdUpdate'> = {
  sgdUpdate: (settings, [parameter, gradient, buffer, learningRate], [nextParameter, nextBuffer]) => {
    const { momentum, weightDecay, nesterov } = settings;
    const [ws, gs, ms] = [floats(parameter), floats(gradient), floats(buffer)];
    const [nextWs, nextMs] = [floats(nextParameter), floats(nextBuffer)];
    const rate = floats(learningRate)[0]!;
    for (let i = 0; i < ws.length; i++) {
      const g = gs[i]! + weightDecay * ws[i]!;
      const m = momentum * ms[i]! + g;
      nextMs[i] = m;
      nextWs[i] = ws[i]! - rate * (nesterov ? g + momentum * m : m);
    }
  },
};
