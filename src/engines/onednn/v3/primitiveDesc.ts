import type { Pointer } from '../memoryDesc.js';
import type { Address } from '../native/functions.js';
import { dims, rawOf } from '../native/memoryDesc.js';
import {
  binaryKinds,
  convolutionKinds,
  dilationBeyond1,
  normalisationFlags,
  PASS,
  poolingKinds,
  SOFTMAX_LOG,
} from '../native/numbers.js';
import type {
  BatchNormSpec,
  ConvSpec,
  EltwiseSpec,
  MatmulSpec,
  PoolingSpec,
  PrimitiveSpec,
  SumSpec,
  Window,
} from '../primitiveSpec.js';
import type { Functions } from './functions.js';
import { numbers } from './numbers.js';

/** Where a primitive descriptor is made, and with which attributes. */
export interface DescContext {
  readonly functions: Functions;
  readonly engine: Pointer;
  /** Receives the handle. */
  readonly out: BigUint64Array;
  readonly attributes: Pointer;
}

/** Makes the descriptor of a primitive; returns the library's status. */
export function createPrimitiveDesc(
  context: DescContext,
  spec: Exclude<PrimitiveSpec, { readonly kind: 'reorder' }>,
): number {
  const { functions, engine, out, attributes } = context;
  switch (spec.kind) {
    case 'convolution':
      return convolution(context, spec);
    case 'batchNorm':
      return batchNorm(context, spec);
    case 'eltwise':
      return eltwise(context, spec);
    case 'pooling':
      return pooling(context, spec);
    case 'matmul':
      return matmul(context, spec);
    case 'sum':
      return sum(context, spec);
    case 'binary': {
      const [a, b, dst] = [rawOf(spec.a), rawOf(spec.b), rawOf(spec.dst)];
      return functions.binary(out, engine, binaryKinds[spec.fn], a, b, dst, attributes);
    }
    case 'reduction': {
      const kind = numbers.reduction[spec.fn];
      return functions.reduction(out, engine, kind, rawOf(spec.src), rawOf(spec.dst), 0, 0, attributes);
    }
    case 'logSoftmax': {
      const data = rawOf(spec.data);
      return functions.softmax(out, engine, PASS.inference, SOFTMAX_LOG, data, data, 1, attributes);
    }
    case 'layerNorm': {
      const [data, statistics] = [rawOf(spec.data), rawOf(spec.statistics)];
      const { training } = PASS;
      return functions.layerNorm(out, engine, training, data, data, statistics, spec.epsilon, 0, attributes);
    }
  }
}

function hintOf({ forward }: { readonly forward?: { readonly descHandle: Pointer } }): Pointer {
  return forward?.descHandle ?? 0;
}

/** Padding of a window. */
function padding(window: Window): [Address, Address] {
  return [dims(window.paddingBegin), dims(window.paddingEnd)];
}

function convolution({ functions, engine, out, attributes }: DescContext, spec: ConvSpec): number {
  const [src, weights, dst] = [rawOf(spec.src), rawOf(spec.weights), rawOf(spec.dst)];
  const bias = rawOf(spec.bias);
  const kind = convolutionKinds[spec.algorithm ?? 'direct'];
  const window: [Address, Address, Address, Address] = [
    dims(spec.strides),
    dims(dilationBeyond1(spec)),
    ...padding(spec),
  ];
  if (spec.pass === 'inputGradient')
    return functions.convolutionInputGradient(out, engine, kind, src, weights, dst, ...window, 0, attributes);
  if (spec.pass === 'weightGradient')
    return functions.convolutionWeightGradient(
      out,
      engine,
      kind,
      src,
      weights,
      bias,
      dst,
      ...window,
      0,
      attributes,
    );
  const pass = PASS[spec.pass];
  return functions.convolutionForward(
    out,
    engine,
    pass,
    kind,
    src,
    weights,
    bias,
    dst,
    ...window,
    attributes,
  );
}

function batchNorm({ functions, engine, out, attributes }: DescContext, spec: BatchNormSpec): number {
  const { pass, epsilon } = spec;
  const [data, diff] = [rawOf(spec.data), rawOf(spec.diff)];
  const flags = normalisationFlags(numbers, spec);
  if (pass !== 'gradient')
    return functions.batchNormForward(out, engine, PASS[pass], data, data, epsilon, flags, attributes);
  const { backward } = PASS;
  const hint = hintOf(spec);
  return functions.batchNormGradient(
    out,
    engine,
    backward,
    diff,
    diff,
    data,
    epsilon,
    flags,
    hint,
    attributes,
  );
}

function eltwise({ functions, engine, out, attributes }: DescContext, spec: EltwiseSpec): number {
  const { pass, fn, alpha, beta } = spec;
  const [data, diff] = [rawOf(spec.data), rawOf(spec.diff)];
  const kind = numbers.eltwise[fn];
  if (pass === 'gradient')
    return functions.eltwiseGradient(out, engine, kind, diff, diff, data, alpha, beta, 0, attributes);
  return functions.eltwiseForward(out, engine, PASS.training, kind, data, data, alpha, beta, attributes);
}

function pooling({ functions, engine, out, attributes }: DescContext, spec: PoolingSpec): number {
  const [src, dst] = [rawOf(spec.src), rawOf(spec.dst)];
  const kind = poolingKinds[spec.fn];
  const window: [Address, Address, Address, Address, Address] = [
    dims(spec.strides),
    dims(spec.kernel),
    dims([0, 0]),
    ...padding(spec),
  ];
  if (spec.pass === 'gradient')
    return functions.poolingGradient(out, engine, kind, src, dst, ...window, hintOf(spec), attributes);
  return functions.poolingForward(out, engine, PASS[spec.pass], kind, src, dst, ...window, attributes);
}

function matmul({ functions, engine, out, attributes }: DescContext, spec: MatmulSpec): number {
  const [a, b, bias, dst] = [rawOf(spec.a), rawOf(spec.b), rawOf(spec.bias), rawOf(spec.dst)];
  return functions.matmul(out, engine, a, b, bias, dst, attributes);
}

function sum({ functions, engine, out, attributes }: DescContext, spec: SumSpec): number {
  const { sources, scales, dst } = spec;
  const list = BigUint64Array.from(sources, (source) => {
    const raw = rawOf(source);
    return typeof raw === 'bigint' ? raw : 0n;
  });
  const factors = Float32Array.from(scales);
  return functions.sum(out, engine, rawOf(dst), sources.length, factors, list, attributes);
}
