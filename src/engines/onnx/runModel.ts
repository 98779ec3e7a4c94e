import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * Runs an exported model once.
 *
 * @param images the input's contents and shape: floats, or bytes where preprocessing is included
 * @returns logits, row-major
 */
export async function runOnnxModel(
  model: Uint8Array,
  images: Float32Array | Uint8Array,
  shape: readonly number[],
): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  try {
    const input =
      images instanceof Uint8Array
        ? new Tensor('uint8', images, shape)
        : new Tensor('float32', images, shape);
    const { logits } = await session.run({ images: input });
    return (logits!.data as Float32Array).slice();
  } finally {
    await session.release();
  }
}
