import type { Numbers } from '../native/numbers.js';

/** The numbers of oneDNN 2 (dnnl_types.h of 2.6). */
export const numbers: Numbers = {
  eltwise: {
    relu: 31,
    reluFromDst: 256,
    logistic: 175,
    logisticFromDst: 260,
    hardswish: 112,
    linear: 127,
    clip: 255,
    exp: 191,
    log: 239,
    sqrt: 111,
    abs: 95,
    square: 79,
  },
  normalisation: { globalStatistics: 1, fusedRelu: 4, scale: 8, shift: 16 },
};
