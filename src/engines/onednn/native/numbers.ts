import { DnnlError } from '../dnnl.js';
import type { ElementType } from '../memoryDesc.js';
import type {
  BatchNormSpec,
  BinaryAlgorithm,
  ConvAlgorithm,
  ConvSpec,
  DescRole,
  EltwiseFunction,
  PoolingAlgorithm,
  ReductionAlgorithm,
} from '../primitiveSpec.js';
import type { CommonFunctions } from './functions.js';

/** Numbers of the C API that differ between its versions. */
export interface Numbers {
  /** Reductions as numbers of `dnnl_alg_kind_t`. */
  readonly reduction: { readonly [R in ReductionAlgorithm]: number };
  /** Eltwise functions as numbers of `dnnl_alg_kind_t`. */
  readonly eltwise: { readonly [F in EltwiseFunction]: number };
  /** Of `dnnl_normalization_flags_t`. */
  readonly normalisation: {
    readonly globalStatistics: number;
    readonly fusedRelu: number;
    readonly scale: number;
    readonly shift: number;
  };
}

/** Numbers of `dnnl_data_type_t`. */
export const dataTypes: { readonly [T in ElementType]: number } = { f32: 3, bf16: 2, i32: 4, u8: 6 };

/** Numbers of `dnnl_prop_kind_t`. */
export const PASS = { training: 64, inference: 96, backward: 128 } as const;

/** Convolutions as numbers of `dnnl_alg_kind_t`. */
export const convolutionKinds: { readonly [A in ConvAlgorithm]: number } = { direct: 1, winograd: 2 };

/** Numbers of `dnnl_alg_kind_t`. */
export const poolingKinds: { readonly [A in PoolingAlgorithm]: number } = { average: 0x2ff, maximum: 0x1ff };
/** Number of `dnnl_alg_kind_t`, which version 2's own function for it does not ask for. */
export const SOFTMAX_LOG = 0x30001;

/** Binary functions as numbers of `dnnl_alg_kind_t`. */
export const binaryKinds: { readonly [F in BinaryAlgorithm]: number } = {
  add: 0x1fff0,
  mul: 0x1fff1,
  max: 0x1fff2,
  min: 0x1fff3,
  div: 0x1fff4,
  sub: 0x1fff5,
  greaterOrEqual: 0x1fff6,
  greater: 0x1fff7,
  less: 0x1fff9,
  equal: 0x1fffa,
};

/** Dilation as the library counts it: pixels between neighbouring taps. */
export function dilationBeyond1({ dilation }: ConvSpec): number[] {
  return dilation.map((size) => size - 1);
}

/** Optional parts of batch normalisation, as `dnnl_normalization_flags_t`. */
export function normalisationFlags({ normalisation: flags }: Numbers, { pass, relu }: BatchNormSpec): number {
  return (
    flags.scale |
    flags.shift |
    (relu ? flags.fusedRelu : 0) |
    (pass === 'inference' ? flags.globalStatistics : 0)
  );
}

/** Number of `dnnl_query_t`. */
export const QUERY_IMPLEMENTATION = 8;
/** Numbers of `dnnl_query_t`. */
export const queries: { readonly [R in DescRole]: number } = {
  src: 129,
  diffSrc: 130,
  weights: 131,
  diffWeights: 132,
  dst: 133,
  diffDst: 134,
  workspace: 135,
  scratchpad: 136,
};

/** Number of `dnnl_engine_kind_t`. */
export const CPU_ENGINE = 1;
/** Number of `dnnl_stream_flags_t`. */
export const STREAM_IN_ORDER = 1;
/** Number of `dnnl_scratchpad_mode_t`. */
export const SCRATCHPAD_USER = 1;
/** Number of `dnnl_format_kind_t`: the library is to choose. */
export const FORMAT_ANY = 1;
/** Number of `dnnl_format_kind_t`: strides, and blocks perhaps. */
export const FORMAT_BLOCKED = 2;

/** Number of `dnnl_format_tag_t`: the library is to choose. */
export const ANY_LAYOUT = 1;

/** `DNNL_MAX_NDIMS` */
export const MAX_AXES = 12;

const eltwiseNames: { readonly [F in EltwiseFunction]: string } = {
  relu: 'relu',
  reluFromDst: 'relu_use_dst_for_bwd',
  logistic: 'logistic',
  logisticFromDst: 'logistic_use_dst_for_bwd',
  tanh: 'tanh',
  tanhFromDst: 'tanh_use_dst_for_bwd',
  swish: 'swish',
  gelu: 'gelu_erf',
  hardswish: 'hardswish',
  linear: 'linear',
  clip: 'clip',
  clipBetween: 'clip_v2',
  clipBetweenFromDst: 'clip_v2_use_dst_for_bwd',
  exp: 'exp',
  log: 'log',
  sqrt: 'sqrt',
  abs: 'abs',
  square: 'square',
};
const binaryNames: { readonly [F in BinaryAlgorithm]: string } = {
  add: 'add',
  mul: 'mul',
  max: 'max',
  min: 'min',
  div: 'div',
  sub: 'sub',
  greaterOrEqual: 'ge',
  greater: 'gt',
  less: 'lt',
  equal: 'eq',
};
const reductionNames: { readonly [R in ReductionAlgorithm]: string } = { sum: 'sum', max: 'max', min: 'min' };
const poolingNames: { readonly [A in PoolingAlgorithm]: string } = {
  average: 'avg_include_padding',
  maximum: 'max',
};
const typeNames: { readonly [T in ElementType]: string } = { f32: 'f32', bf16: 'bf16', i32: 's32', u8: 'u8' };

/** The library's functions that name numbers. */
export type NamingFunctions = Pick<CommonFunctions, 'algorithmName' | 'typeName' | 'layoutName' | 'passName'>;

/**
 * Asks the library for the names of the numbers that these bindings pass to it, so that a release that
 * changed one is rejected instead of computing something else.
 *
 * @param title the library with its version, for the message
 * @throws DnnlError naming the first number that differs
 */
export function checkNumbers(functions: NamingFunctions, numbers: Numbers, title: string): void {
  for (const [nameOf, number, expected] of namedNumbers(functions, numbers)) {
    const name = nameOf(number);
    if (name !== expected)
      throw new DnnlError(
        `${title} is not known to this engine: its number ${number} is ${name}, not ${expected}`,
      );
  }
}

/** A number, the function that names it, and the name it should give. */
type NamedNumber = readonly [nameOf: (number: number) => string, number: number, expected: string];

function namedNumbers(
  { algorithmName, typeName, layoutName, passName }: NamingFunctions,
  { eltwise, reduction }: Numbers,
): NamedNumber[] {
  return [
    ...named(algorithmName, eltwise, eltwiseNames, 'eltwise_'),
    ...named(algorithmName, binaryKinds, binaryNames, 'binary_'),
    ...named(algorithmName, reduction, reductionNames, 'reduction_'),
    ...named(algorithmName, poolingKinds, poolingNames, 'pooling_'),
    ...named(typeName, dataTypes, typeNames),
    [algorithmName, convolutionKinds.direct, 'convolution_direct'],
    [algorithmName, convolutionKinds.winograd, 'convolution_winograd'],
    [algorithmName, SOFTMAX_LOG, 'softmax_log'],
    [layoutName, ANY_LAYOUT, 'any'],
    [passName, PASS.training, 'forward_training'],
    [passName, PASS.inference, 'forward_inference'],
    [passName, PASS.backward, 'backward'],
  ];
}

/** More than there are numbers of `dnnl_format_tag_t`. */
const LAYOUTS = 2048;

/**
 * The number of a layout by its name: releases put new layouts between the old ones.
 *
 * @throws DnnlError when the library has none of that name
 */
export function layoutNumber({ layoutName }: Pick<NamingFunctions, 'layoutName'>, name: string): number {
  for (let number = ANY_LAYOUT; number < LAYOUTS; number++) if (layoutName(number) === name) return number;
  throw new DnnlError(`this oneDNN has no layout ${name}`);
}

function named<K extends string>(
  nameOf: (number: number) => string,
  numbers: { readonly [F in K]: number },
  names: { readonly [F in K]: string },
  prefix = '',
): NamedNumber[] {
  return (Object.keys(names) as K[]).map((key) => [nameOf, numbers[key], prefix + names[key]]);
}
