import { DataType } from '../../formats/onnx/modelBuilder.js';
import { toBlocked } from './lowering/blockedConv.js';
import { GraphBuilder } from './lowering/graphBuilder.js';
import { STANDARD } from './providers.js';
import type { OnnxRuntime } from './runtime.js';

/** A multiple of every block size that ONNX Runtime has. */
const CHANNELS = 32;
const SIZES = [8, 16, 32];

/**
 * Channels of a block of ONNX Runtime's NCHWc layout on this processor, found by reordering an image
 * of two pixels; undefined where it does not have the layout.
 */
export async function probeBlockSize<Tensor>(runtime: OnnxRuntime<Tensor>): Promise<number | undefined> {
  try {
    const place = (await reordered(runtime)).indexOf(1);
    return SIZES.includes(place) ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Element (c, pixel) is 2c + pixel; blocked, pixel 1 of channel 0 follows pixel 0 of a block's channels. */
async function reordered<Tensor>(runtime: OnnxRuntime<Tensor>): Promise<Float32Array> {
  const shape = [1, CHANNELS, 1, 2];
  const builder = new GraphBuilder(STANDARD);
  const name = toBlocked(builder, builder.input('x', DataType.FLOAT, shape));
  builder.output(name, DataType.FLOAT, shape);
  const session = await runtime.session(builder.build('probe'), { optimise: false, externalData: [] });
  try {
    const x = runtime.tensor(
      Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i),
      shape,
    );
    const [y] = await session.run({ x }, [{ name, type: { shape, dtype: 'f32' }, toHost: true }]);
    return (await runtime.take(y!)) as Float32Array;
  } finally {
    await session.release();
  }
}
