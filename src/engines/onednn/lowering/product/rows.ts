import type { ConvGeometry } from '../../../../graph/op.js';
import type { ValueId } from '../../../../graph/program.js';
import { type ElementType, elementBytes, type MemoryDesc } from '../../memoryDesc.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import { cut, type Range } from '../cut.js';

/** Where the windows of an image lie. */
export interface Windows {
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  readonly stride: ConvGeometry['stride'];
  readonly padding: ConvGeometry['padding'];
  readonly dilation: ConvGeometry['dilation'];
  /** Height and width of the result: a window for each pixel. */
  readonly pixels: readonly [number, number];
  /** Whether taps are counted from the kernel's end. */
  readonly turned: boolean;
}

/** A place whose memory is read in another way. */
export function seen(place: Place, desc: MemoryDesc, elements = 0): Place {
  return { ...place, desc, offset: place.offset + elements * elementBytes[desc.type] };
}

/**
 * An image, channels last, with zeros around it: the padding, and rows and columns until strides divide them, for a
 * layout with strides must not reach into the next image.
 */
function padded(draft: Draft, image: Place, { padding, stride, pixels }: Windows): Place {
  const size = image.desc.shape.slice(2) as [number, number];
  const { type } = image.desc;
  const ranges = size.map((length, axis) => ({
    start: 0 - padding[axis]!,
    size: Math.max(length + 2 * padding[axis]!, pixels[axis]! * stride[axis]!),
  })) as [Range, Range];
  if (ranges.every((range, axis) => range.start === 0 && range.size === size[axis])) return image;
  return cut(draft, image, ranges, (shape) => draft.layouts.channelsLast(shape, type));
}

/** The windows of an image's pixels, a row each: [N·H·W, taps·C], the channels of a tap side by side. */
function windowRows(draft: Draft, image: Place, windows: Windows): Place {
  const { kernel, stride, dilation, pixels, turned } = windows;
  const [rows, columns] = pixels;
  const source = padded(draft, image, windows);
  const [n, c, height, width] = source.desc.shape as [number, number, number, number];
  const { type } = source.desc;
  const taps = kernel[0] * kernel[1];
  const whole = draft.buffers.allocate(draft.layouts.rowMajor([n * rows * columns, taps * c], type));
  const shape = [n, c, rows, columns];
  const from = draft.dnnl.strided(shape, type, [height * width * c, 1, stride[0] * width * c, stride[1] * c]);
  const row = taps * c;
  const to = draft.dnnl.strided(shape, type, [rows * columns * row, 1, columns * row, row]);
  for (let tap = 0; tap < taps; tap++) {
    const [y, x] = [Math.floor(tap / kernel[1]) * dilation[0], (tap % kernel[1]) * dilation[1]];
    const place = turned ? taps - 1 - tap : tap;
    draft.steps.reorder(seen(source, from, (y * width + x) * c), seen(whole, to, place * c));
  }
  return whole;
}

/** The windows of a value's pixels, or for a pointwise convolution its pixels. */
export function rowsOf(draft: Draft, value: ValueId, type: ElementType, windows: Windows | undefined): Place {
  const shape = draft.shapeOf(value);
  const image = draft.places.as(value, draft.layouts.channelsLast(shape, type));
  if (windows) return windowRows(draft, image, windows);
  const [n, c, h, w] = shape as [number, number, number, number];
  return seen(image, draft.layouts.rowMajor([n * h * w, c], type));
}

/** A new place for images, channels last, and the same as a matrix of a row for each pixel. */
export function pixelRows(draft: Draft, value: ValueId, type: ElementType): Place {
  const shape = draft.shapeOf(value);
  const [n, c, h, w] = shape as [number, number, number, number];
  const images = draft.places.output(value, draft.layouts.channelsLast(shape, type));
  return seen(images, draft.layouts.rowMajor([n * h * w, c], type));
}

/** The pixels of a value, a row each, whose channels are filled up to `columns` with numbers that are not defined. */
export function filledRows(draft: Draft, value: ValueId, type: ElementType, columns: number): Place {
  const shape = draft.shapeOf(value);
  const [n, c, h, w] = shape as [number, number, number, number];
  if (c === columns) return rowsOf(draft, value, type, undefined);
  const rows = draft.buffers.allocate(draft.layouts.rowMajor([n * h * w, columns], type));
  const pixels = draft.dnnl.strided(shape, type, [h * w * columns, 1, w * columns, columns]);
  draft.steps.reorder(draft.places.origin(value), seen(rows, pixels));
  return rows;
}
