import { errorMessage, UserError } from '../../errors.js';
import type { OnnxRuntime } from './runtime.js';

/** An exported model in ONNX Runtime. */
export interface OpenOnnxModel {
  /**
   * Runs it once.
   *
   * @param images the input's contents and shape: floats, or bytes where preprocessing is included
   * @returns logits, row-major
   */
  run(images: Float32Array | Uint8Array, shape: readonly number[]): Promise<Float32Array>;
  /** As {@link run}, with other outputs of floats than the logits. */
  outputs(
    images: Float32Array | Uint8Array,
    shape: readonly number[],
    names: readonly string[],
  ): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * Opens an exported model in a runtime.
 *
 * @param path for messages; default `the model`
 * @throws UserError when ONNX Runtime cannot load it
 */
export async function openModelIn<Tensor>(
  runtime: OnnxRuntime<Tensor>,
  model: Uint8Array,
  path = 'the model',
): Promise<OpenOnnxModel> {
  const session = await runtime
    .session(model, { optimise: true, externalData: [] })
    .catch((error: unknown) => {
      throw new UserError(`${path} cannot be run: ${errorMessage(error)}`);
    });
  const outputs: OpenOnnxModel['outputs'] = async (images, shape, names) => {
    // Not disposed of: the images stay the caller's.
    const feeds = { images: runtime.tensor(images, shape) };
    const wanted = names.map((name) => ({ name, type: undefined, toHost: true }));
    const results = await session.run(feeds, wanted);
    return Promise.all(results.map(async (result) => (await runtime.take(result)) as Float32Array));
  };
  return {
    run: async (images, shape) => (await outputs(images, shape, ['logits']))[0]!,
    outputs,
    close: () => session.release(),
  };
}
