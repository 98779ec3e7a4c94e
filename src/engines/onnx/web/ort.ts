import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Shape, TensorData } from '../../../graph/tensorType.js';
import { isInt32Array, isUint8Array } from '../../../realms.js';
import type { SessionOptions } from '../runtime.js';

/** Any of onnxruntime-web's builds. */
export type Ort = typeof import('onnxruntime-web');

/**
 * Optimisers that would merge equal nodes or constants, of which the operator for batch normalisation
 * needs its own: it overwrites two of its inputs.
 */
const UNWANTED = ['CommonSubexpressionElimination', 'ConstantSharing'];

/** Name and version, for descriptions. */
export function nameOf(ort: Ort, provider: string): string {
  return `ONNX Runtime Web ${ort.env.versions.web ?? ''} on ${provider}`;
}

/** A tensor over an array. */
export function hostTensor({ Tensor }: Ort, data: TensorData | Uint8Array, shape: Shape): Tensor {
  if (isUint8Array(data)) return new Tensor('uint8', data, shape);
  return isInt32Array(data) ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

/** The memory of a tensor on the host; models have no others than numbers of 32 bits. */
export function hostData({ data }: Tensor): TensorData {
  return data as TensorData;
}

/** Makes a session of a model. */
export function createSession(
  { InferenceSession }: Ort,
  model: Uint8Array,
  { optimise, externalData }: SessionOptions,
  provider: InferenceSession.ExecutionProviderConfig,
): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: [provider],
    executionMode: 'sequential',
    // A pattern is one block for a whole run, found in the first run and then kept beside that run's memory.
    enableMemPattern: false,
    graphOptimizationLevel: optimise ? 'all' : 'disabled',
    // Errors are thrown; ONNX Runtime need not print them as well.
    logSeverityLevel: 4,
    externalData,
    extra: { optimization: { disable_specified_optimizers: UNWANTED.join(';') } },
  });
}
