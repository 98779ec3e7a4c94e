import type { ConvGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { moved } from '../codegen/expression.js';
import { isNative, type Stored, sameStrides } from '../codegen/stored.js';
import type { StorageType } from '../device.js';
import type { Draft } from '../plan/draft.js';

/** The type of a library's operands. */
export function operandType(draft: Draft): StorageType {
  return draft.arithmetic === 'bf16' ? 'bf16' : 'f32';
}

/** Elements that a library's tensors are aligned to: 16 bytes of bf16. */
const ALIGNMENT = 8;

/**
 * Whether a library can read a tensor as an image: the channel last, pixels in rows of any pitch. Images of one channel or one pixel
 * lie in several ways at once.
 */
function isImage({ shape, strides, offset }: Stored): boolean {
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  const pitch = strides[3]!;
  if (offset % ALIGNMENT !== 0 || (pitch !== channels && pitch % ALIGNMENT !== 0)) return false;
  const dense: Shape = [height * width * pitch, 1, width * pitch, pitch];
  return pitch >= channels && sameStrides(shape, strides, dense);
}

/** An image as a library reads it; strides of axes of size 1 are those of dense ones. */
export function imageOf(draft: Draft, value: ValueId): Stored {
  const stored = draft.storedAs(value, operandType(draft), isImage);
  const { shape } = stored;
  const [, , height, width] = shape as readonly [number, number, number, number];
  if (isNative(stored)) return { ...stored, strides: denseStrides(shape) };
  const pitch = width > 1 ? stored.strides[3]! : height > 1 ? stored.strides[2]! : stored.strides[0]!;
  return { ...stored, strides: [height * width * pitch, 1, width * pitch, pitch] };
}

/** Strides of a dense tensor with the channel last, of axes of size 1 as well. */
export function denseStrides(shape: Shape): Shape {
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  return [height * width * channels, 1, width * channels, channels];
}

/** Channels that a library's fastest algorithms for bf16 want at least. */
export const FEWEST_CHANNELS = 8;

/** Whether an image, such as one of three colours, gets channels of zeros, with which tensor cores can multiply it. */
export function needsChannels(draft: Draft, shape: Shape, { groups }: ConvGeometry): boolean {
  return draft.arithmetic === 'bf16' && groups === 1 && shape[1]! > 1 && shape[1]! < FEWEST_CHANNELS;
}

/** A tensor with channels of zeros after its own. */
export function withChannels(draft: Draft, value: ValueId): Stored {
  return draft.once(`channels ${value}`, () => {
    const x = draft.expression(value);
    const own = x.shape[1]!;
    const shape = x.shape.map((size, axis) => (axis === 1 ? FEWEST_CHANNELS : size));
    const padded = moved([x], shape, (at, index) =>
      at.branch(
        at.isBelow(index[1]!, own),
        () => x.load(at, index),
        () => ({ text: '0.0f', laned: false }),
      ),
    );
    return draft.write(padded, 'bf16');
  });
}

/** The operands of a convolution as a library reads them. */
export function operandsOf(
  draft: Draft,
  x: ValueId,
  weight: ValueId,
  geometry: ConvGeometry,
): { image: Stored; filter: Stored } {
  if (needsChannels(draft, draft.shapeOf(x), geometry))
    return { image: withChannels(draft, x), filter: withChannels(draft, weight) };
  return { image: imageOf(draft, x), filter: filterOf(draft, weight) };
}

/** The filter of a convolution as its library reads it. */
export function filterOf(draft: Draft, value: ValueId): Stored {
  const filter = draft.storedAs(value, operandType(draft));
  return { ...filter, strides: denseStrides(filter.shape) };
}
