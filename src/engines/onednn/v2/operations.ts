import { dims, rawOf } from '../native/memoryDesc.js';
import {
  binaryKinds,
  convolutionKinds,
  dilationBeyond1,
  normalisationFlags,
  PASS,
  poolingKinds,
} from '../native/numbers.js';
import type {
  BatchNormSpec,
  ConvSpec,
  EltwiseSpec,
  MatmulSpec,
  PoolingSpec,
  PrimitiveSpec,
  Window,
} from '../primitiveSpec.js';
import type { Functions } from './functions.js';
import { numbers } from './numbers.js';

/** Size of the largest operation descriptor of oneDNN 2 used here (a convolution's 5976 bytes). */
const OPERATION_BYTES = 8192;

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
    case 'reduction':
      return functions.reduction(
        operation,
        numbers.reduction[spec.fn],
        rawOf(spec.src),
        rawOf(spec.dst),
        0,
        0,
      );
    case 'logSoftmax':
      return functions.logSoftmax(operation, PASS.inference, rawOf(spec.data), 1);
    case 'layerNorm': {
      const [data, statistics] = [rawOf(spec.data), rawOf(spec.statistics)];
      return functions.layerNorm(operation, PASS.training, data, statistics, spec.epsilon, 0);
    }
  }
}

function windowDims(window: Window): [BigInt64Array, BigInt64Array, BigInt64Array] {
  return [dims(window.strides), dims(window.paddingBegin), dims(window.paddingEnd)];
}

function convolution(functions: Functions, spec: ConvSpec, operation: Uint8Array): number {
  const [src, weights, dst] = [rawOf(spec.src), rawOf(spec.weights), rawOf(spec.dst)];
  const bias = rawOf(spec.bias);
  const algorithm = convolutionKinds[spec.algorithm ?? 'direct'];
  const [strides, ...padding] = windowDims(spec);
  const window = [strides, dims(dilationBeyond1(spec)), ...padding] as const;
  if (spec.pass === 'inputGradient')
    return functions.convolutionInputGradient(operation, algorithm, src, weights, dst, ...window);
  if (spec.pass === 'weightGradient')
    return functions.convolutionWeightGradient(operation, algorithm, src, weights, bias, dst, ...window);
  return functions.convolutionForward(
    operation,
    PASS[spec.pass],
    algorithm,
    src,
    weights,
    bias,
    dst,
    ...window,
  );
}

function batchNorm(functions: Functions, spec: BatchNormSpec, operation: Uint8Array): number {
  const { pass, data, diff, epsilon } = spec;
  const flags = normalisationFlags(numbers, spec);
  if (pass === 'gradient')
    return functions.batchNormGradient(operation, PASS.backward, rawOf(diff), rawOf(data), epsilon, flags);
  return functions.batchNormForward(operation, PASS[pass], rawOf(data), epsilon, flags);
}

function eltwise(functions: Functions, spec: EltwiseSpec, operation: Uint8Array): number {
  const { fn, alpha, beta, data, diff } = spec;
  const kind = numbers.eltwise[fn];
  if (spec.pass === 'gradient')
    return functions.eltwiseGradient(operation, kind, rawOf(diff), rawOf(data), alpha, beta);
  return functions.eltwiseForward(operation, PASS.training, kind, rawOf(data), alpha, beta);
}

function pooling(functions: Functions, spec: PoolingSpec, operation: Uint8Array): number {
  const [strides, begin, end] = windowDims(spec);
  const kernel = dims(spec.kernel);
  const kind = poolingKinds[spec.fn];
  const [src, dst] = [rawOf(spec.src), rawOf(spec.dst)];
  if (spec.pass === 'gradient')
    return functions.poolingGradient(operation, kind, src, dst, strides, kernel, begin, end);
  return functions.poolingForward(operation, PASS[spec.pass], kind, src, dst, strides, kernel, begin, end);
}

function matmul(functions: Functions, { a, b, bias, dst }: MatmulSpec, operation: Uint8Array): number {
  return functions.matmul(operation, rawOf(a), rawOf(b), rawOf(bias), rawOf(dst));
}
