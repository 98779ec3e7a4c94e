import { InferenceSession, Tensor } from 'onnxruntime-node';
import { errorMessage, UserError } from '../../errors.js';
import { refuseTelemetry } from './telemetry.js';

/** An exported model in ONNX Runtime. */
export interface OpenOnnxModel {
  /**
   * Runs it once.
   *
   * @param images the input's contents and shape: floats, or bytes where preprocessing is included
   * @returns logits, row-major
   */
  run(images: Float32Array | Uint8Array, shape: readonly number[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens an exported model.
 *
 * @param options path: for messages; threads of computation, by default all
 * @throws UserError when ONNX Runtime does not take it
 */
export async function openOnnxModel(
  model: Uint8Array,
  options: { readonly path?: string; readonly threads?: number | undefined } = {},
): Promise<OpenOnnxModel> {
  const { path = 'the model', threads } = options;
  refuseTelemetry();
  const session = await InferenceSession.create(model, {
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  }).catch((error: unknown) => {
    throw new UserError(`${path} cannot be run: ${errorMessage(error)}`);
  });
  return {
    run: async (images, shape) => {
      const input =
        images instanceof Uint8Array
          ? new Tensor('uint8', images, shape)
          : new Tensor('float32', images, shape);
      const { logits } = await session.run({ images: input });
      return (logits!.data as Float32Array).slice();
    },
    close: () => session.release(),
  };
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
