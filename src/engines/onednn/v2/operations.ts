import type {
  BatchNormSpec,
  BinaryAlgorithm,
  ConvAlgorithm,
  ConvSpec,
  EltwiseFunction,
  EltwiseSpec,
  MatmulSpec,
  PoolingSpec,
  PrimitiveSpec,
  Window,
} from '../dnnl.js';
import type { Functions } from './functions.js';
import { dims, rawOf } from './memoryDesc.js';

/** Enough for the largest operation descriptor of oneDNN 2 that is used here (a convolution's 5976 bytes). */
const OPERATION_BYTES = 8192;

/** Numbers of `dnnl_prop_kind_t`. */
const PROP = { training: 64, inference: 96, backward: 128 } as const;
/** Numbers of `dnnl_alg_kind_t`. */
const convolutionKinds: { readonly [A in ConvAlgorithm]: number } = { direct: 1, winograd: 2 };
const POOLING_AVERAGE_INCLUDE_PADDING = 0x2ff;

/** Eltwise functions as numbers of `dnnl_alg_kind_t`. */
export const eltwiseKinds: { readonly [F in EltwiseFunction]: number } = {
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
};

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

/** Kinds that are described by an operation descriptor. */
export type DescribedSpec = Exclude<PrimitiveSpec, { readonly kind: 'reorder' | 'sum' }>;

/** Fills an operation descriptor; returns the library's status with it. */
export function describeOperation(
  functions: Functions,
  spec: DescribedSpec,
): { readonly status: number; readonly operation: Uint8Array } {
  const operation = new Uint8Array(OPERATION_BYTES);
  return { status: describe(functions, spec, operation), operation };
}

function describe(functions: Functions, spec: DescribedSpec, operation: Uint8Array): number {
  switch (spec.kind) {
    case 'convolution':
      return convolution(functions, spec, operation);
    case 'batchNorm':
      return batchNorm(functions, spec, operation);
    case 'eltwise':
      return eltwise(functions, spec, operation);
    case 'pooling':
      return pooling(functions, spec, operation);
    case 'matmul':
      return matmul(functions, spec, operation);
    case 'binary':
      return functions.binary(operation, binaryKinds[spec.fn], rawOf(spec.a), rawOf(spec.b), rawOf(spec.dst));
    case 'layerNorm': {
      const [data, statistics] = [rawOf(spec.data), rawOf(spec.statistics)];
      return functions.layerNorm(operation, PROP.training, data, statistics, spec.epsilon, 0);
    }
  }
}

function windowDims(window: Window): [BigInt64Array, BigInt64Array, BigInt64Array] {
  return [dims(window.strides), dims(window.paddingBegin), dims(window.paddingEnd)];
}

function convolution(functions: Functions, spec: ConvSpec, operation: Uint8Array): number {
  const [src, weights, bias, dst] = [spec.src, spec.weights, spec.bias, spec.dst].map(rawOf) as [
    Uint8Array,
    Uint8Array,
    Uint8Array | null,
    Uint8Array,
  ];
  const algorithm = convolutionKinds[spec.algorithm ?? 'direct'];
  const window = windowDims(spec);
  if (spec.pass === 'inputGradient')
    return functions.convolutionInputGradient(operation, algorithm, src, weights, dst, ...window);
  if (spec.pass === 'weightGradient')
    return functions.convolutionWeightGradient(operation, algorithm, src, weights, bias, dst, ...window);
  return functions.convolutionForward(
    operation,
    PROP[spec.pass],
    algorithm,
    src,
    weights,
    bias,
    dst,
    ...window,
  );
}

/** Flags of `dnnl_normalization_flags_t`. */
const FLAG = { globalStatistics: 1, fusedRelu: 4, scale: 8, shift: 16 } as const;

function batchNorm(functions: Functions, spec: BatchNormSpec, operation: Uint8Array): number {
  const { pass, data, diff, epsilon, relu } = spec;
  const flags =
    FLAG.scale |
    FLAG.shift |
    (relu ? FLAG.fusedRelu : 0) |
    (pass === 'inference' ? FLAG.globalStatistics : 0);
  if (pass === 'gradient')
    return functions.batchNormGradient(operation, PROP.backward, rawOf(diff), rawOf(data), epsilon, flags);
  return functions.batchNormForward(operation, PROP[pass], rawOf(data), epsilon, flags);
}

function eltwise(functions: Functions, spec: EltwiseSpec, operation: Uint8Array): number {
  const { fn, alpha, beta, data, diff } = spec;
  const kind = eltwiseKinds[fn];
  if (spec.pass === 'gradient')
    return functions.eltwiseGradient(operation, kind, rawOf(diff), rawOf(data), alpha, beta);
  return functions.eltwiseForward(operation, PROP.training, kind, rawOf(data), alpha, beta);
}

function pooling(functions: Functions, spec: PoolingSpec, operation: Uint8Array): number {
  const [strides, begin, end] = windowDims(spec);
  const kernel = dims(spec.kernel);
  const kind = POOLING_AVERAGE_INCLUDE_PADDING;
  const [src, dst] = [rawOf(spec.src), rawOf(spec.dst)];
  if (spec.pass === 'gradient')
    return functions.poolingGradient(operation, kind, src, dst, strides, kernel, begin, end);
  return functions.poolingForward(operation, PROP[spec.pass], kind, src, dst, strides, kernel, begin, end);
}

function matmul(functions: Functions, { a, b, bias, dst }: MatmulSpec, operation: Uint8Array): number {
  return functions.matmul(operation, rawOf(a), rawOf(b), rawOf(bias), rawOf(dst));
}
