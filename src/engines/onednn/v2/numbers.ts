import type { Numbers } from '../native/numbers.js';

/** The numbers of oneDNN 2 (dnnl_types.h of 2.6). */
export const numbers: Numbers = {
  eltwise: {
    relu: 31,
    reluFromDst: 256,
    logistic: 175,
    logisticFromDst: 260,
    hardswish: 112,
    tanh: 0x2f,
    tanhFromDst: 0x101,
    swish: 0xdf,
    gelu: 0x30,
    linear: 127,
    clip: 255,
    clipBetween: 0x10,
    clipBetweenFromDst: 0x106,
    exp: 191,
    log: 239,
    sqrt: 111,
    abs: 95,
    square: 79,
  },
  reduction: { sum: 0x2fff4, max: 0x2fff2, min: 0x2fff3 },
  normalisation: { globalStatistics: 1, fusedRelu: 4, scale: 8, shift: 16 },
};
