import { InferenceSession } from 'onnxruntime-node';
import type { ExternalData } from '../../formats/onnx/modelBuilder.js';

/** How a model is run. */
export interface SessionOptions {
  readonly threads: number;
  /**
   * Whether ONNX Runtime may rewrite the model, which pays where weights are constants. Models of a
   * training step are written as they should run: rewriting made them slower.
   */
  readonly optimise: boolean;
  /** Contents of the tensors that the model refers to. */
  readonly externalData?: readonly ExternalData[];
}

/**
 * Optimisers that would merge equal nodes or constants, of which the operator for batch normalisation
 * needs its own: it overwrites two of its inputs.
 */
const UNWANTED = ['CommonSubexpressionElimination', 'ConstantSharing'];

/** Makes ONNX Runtime's session of a model. */
export function createSession(
  model: Uint8Array,
  { threads, optimise, externalData = [] }: SessionOptions,
): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // A pattern is one block for a whole run, found in the first run and then kept beside that run's memory.
    enableMemPattern: false,
    graphOptimizationLevel: optimise ? 'all' : 'disabled',
    // Errors are thrown; ONNX Runtime need not print them as well.
    logSeverityLevel: 4,
    externalData,
    executionProviders: ['cpu'],
    extra: { optimization: { disable_specified_optimizers: UNWANTED.join(';') } },
  });
}
