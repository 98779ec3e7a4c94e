import { providers } from '../providers.js';
import { type OpenOnnxModel, openModelIn } from '../runModel.js';
import { refuseTelemetry } from './telemetry.js';

/**
 * Opens an exported model on the calling thread.
 *
 * @param options path: for messages; threads of computation, by default all
 * @throws UserError when ONNX Runtime cannot load it
 */
export async function openOnnxModel(
  model: Uint8Array,
  options: { readonly path?: string; readonly threads?: number | undefined } = {},
): Promise<OpenOnnxModel> {
  const { path, threads } = options;
  refuseTelemetry();
  // The runtime is loaded when a model is opened, not with the library.
  const { NodeRuntime } = await import('./runtime.js');
  return openModelIn(new NodeRuntime({ provider: providers.cpu, threads }), model, path);
}

/** Opens an exported model, runs it once and closes it. */
export async function runOnnxModel(
  model: Uint8Array,
  images: Float32Array | Uint8Array,
  shape: readonly number[],
): Promise<Float32Array> {
  const opened = await openOnnxModel(model);
  try {
    return await opened.run(images, shape);
  } finally {
    await opened.close();
  }
}
