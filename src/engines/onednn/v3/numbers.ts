import type { Numbers } from '../native/numbers.js';

/** The numbers of oneDNN 3 (dnnl_types.h of 3.7.2 and 3.12.1, which agree). */
export const numbers: Numbers = {
  eltwise: {
    relu: 0x20,
    reluFromDst: 0x100,
    logistic: 0x29,
    logisticFromDst: 0x104,
    hardswish: 0x34,
    tanh: 0x21,
    tanhFromDst: 0x101,
    swish: 0x2c,
    gelu: 0x31,
    linear: 0x26,
    clip: 0x2e,
    clipBetween: 0x2f,
    clipBetweenFromDst: 0x106,
    exp: 0x2a,
    log: 0x2d,
    sqrt: 0x25,
    abs: 0x24,
    square: 0x23,
  },
  reduction: { sum: 0x2fff4, max: 0x2fff2, min: 0x2fff3 },
  normalisation: { globalStatistics: 1, fusedRelu: 8, scale: 2, shift: 4 },
};

/** Numbers of `dnnl_query_t` for descriptors of memory. */
export const memoryQueries = {
  strides: 14,
  axes: 256,
  shape: 257,
  type: 258,
  formatKind: 262,
  blockCount: 263,
  blocks: 264,
  blockAxes: 265,
} as const;

/** `dnnl_data_type_undef`: for the addend of a sum, the result's type. */
export const TYPE_OF_RESULT = 0;
