import { Tensor } from 'onnxruntime-node';
import { DataType } from '../../formats/onnx/modelBuilder.js';
import { toBlocked } from './lowering/blockedConv.js';
import { GraphBuilder } from './lowering/graphBuilder.js';
import { createSession } from './session.js';

/** A multiple of every block size that ONNX Runtime has. */
const CHANNELS = 32;
const SIZES = [8, 16, 32];

/**
 * Channels of a block of ONNX Runtime's NCHWc layout on this processor, found by reordering an image
 * of two pixels; undefined where it does not have the layout.
 */
export async function probeBlockSize(): Promise<number | undefined> {
  const shape = [1, CHANNELS, 1, 2];
  const builder = new GraphBuilder({ blockSize: undefined });
  const y = toBlocked(builder, builder.input('x', DataType.FLOAT, shape));
  builder.output(y, DataType.FLOAT, shape);
  try {
    const session = await createSession(builder.build('probe'), { threads: 1, optimise: false });
    // Element (c, pixel) is 2c + pixel; blocked, pixel 1 of channel 0 follows pixel 0 of a block's channels.
    const x = new Tensor(
      'float32',
      Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i),
      shape,
    );
    const result = await session.run({ x });
    await session.release();
    const place = (result[y]!.data as Float32Array).indexOf(1);
    return SIZES.includes(place) ? place : undefined;
  } catch {
    return undefined;
  }
}
