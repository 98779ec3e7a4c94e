import { floats, type Kernels } from '../kernel.js';

/** Updates of adaptive optimisers and of averages; the formulas are in the graph's rules. */
export const adaptiveKernels: Kernels<'adamwUpdate' | 'rmspropUpdate' | 'lionUpdate' | 'averageUpdate'> = {
  averageUpdate: (_, inputs, [next]) => {
    const [averages, values, shares] = inputs.map(floats);
    const share = shares![0]!;
    floats(next).forEach((_value, i, nexts) => {
      nexts[i] = averages![i]! + share * (values![i]! - averages![i]!);
    });
  },
  adamwUpdate: ({ beta1, beta2, epsilon, weightDecay }, inputs, outputs) => {
    const [ws, gs, ms, vs, rates, firsts, seconds] = inputs.map(floats);
    const [nextWs, nextMs, nextVs] = outputs.map(floats);
    const rate = rates![0]!;
    const [stepSize, second, kept] = [rate / firsts![0]!, seconds![0]!, 1 - rate * weightDecay];
    for (let i = 0; i < ws!.length; i++) {
      const g = gs![i]!;
      const m = beta1 * ms![i]! + (1 - beta1) * g;
      const v = beta2 * vs![i]! + (1 - beta2) * g * g;
      nextMs![i] = m;
      nextVs![i] = v;
      nextWs![i] = kept * ws![i]! - (stepSize * m) / (Math.sqrt(v / second) + epsilon);
    }
  },
  rmspropUpdate: ({ alpha, epsilon, momentum, weightDecay, tensorFlow }, inputs, outputs) => {
    const [ws, gs, squares, buffers, rates] = inputs.map(floats);
    const [nextWs, nextSquares, nextBuffers] = outputs.map(floats);
    const rate = rates![0]!;
    for (let i = 0; i < ws!.length; i++) {
      const g = gs![i]! + weightDecay * ws![i]!;
      const square = alpha * squares![i]! + (1 - alpha) * g * g;
      const change = tensorFlow
        ? (rate * g) / Math.sqrt(square + epsilon)
        : g / (Math.sqrt(square) + epsilon);
      const buffer = momentum * buffers![i]! + change;
      nextSquares![i] = square;
      nextBuffers![i] = buffer;
      nextWs![i] = ws![i]! - (tensorFlow ? buffer : rate * buffer);
    }
  },
  lionUpdate: ({ beta1, beta2, weightDecay }, inputs, outputs) => {
    const [ws, gs, ms, rates] = inputs.map(floats);
    const [nextWs, nextMs] = outputs.map(floats);
    const rate = rates![0]!;
    for (let i = 0; i < ws!.length; i++) {
      const [g, m] = [gs![i]!, ms![i]!];
      nextWs![i] = (1 - rate * weightDecay) * ws![i]! - rate * Math.sign(beta1 * m + (1 - beta1) * g);
      nextMs![i] = beta2 * m + (1 - beta2) * g;
    }
  },
};
