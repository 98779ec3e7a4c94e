import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf, stridesOf } from '../../../graph/tensorType.js';
import { elementBytes, type MemoryDesc } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

/** Layout of a value that elements are moved into one by one: images keep the activations' type. */
function looseLayout(planner: Planner, value: ValueId): MemoryDesc {
  const { shape, dtype } = planner.typeOf(value);
  return planner.rowMajor(shape, shape.length === 4 && dtype === 'f32' ? planner.activation : dtype);
}

/** The layout that a value's parts are cut from or put into: blocks where no cut goes through one. */
function cutLayout(planner: Planner, value: ValueId, axis: number, cuts: readonly number[]): MemoryDesc {
  const { shape, dtype } = planner.typeOf(value);
  const images = shape.length === 4 && dtype === 'f32';
  const whole = axis !== 1 || cuts.every((cut) => cut % (planner.block ?? 1) === 0);
  return images && whole ? planner.images(shape) : looseLayout(planner, value);
}

/** The layout that a value is cut in: its own where the cuts allow it. */
function wholeOf(planner: Planner, value: ValueId, axis: number, cuts: readonly number[]): Place {
  const own = planner.first(value);
  const { shape, strides } = own.desc;
  const axisFits = shape.length === planner.shapeOf(value).length;
  return strides && axisFits ? own : planner.as(value, cutLayout(planner, value, axis, cuts));
}

/** Part of a place along an axis. */
function partOf(planner: Planner, place: Place, axis: number, start: number, size: number): Place {
  const { shape } = place.desc;
  const desc = planner.dnnl.part(
    place.desc,
    shape.map((dimension, i) => (i === axis ? size : dimension)),
    shape.map((_, i) => (i === axis ? start : 0)),
  );
  if (!desc) throw new Error(`no part of ${place.desc.layout} from ${start} along axis ${axis}`);
  return { ...place, desc, isPart: true };
}

function concat(planner: Planner, axis: number, inputs: readonly ValueId[], output: ValueId): void {
  const sizes = inputs.map((input) => planner.shapeOf(input)[axis]!);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const isRegrouped = planner.usage.usersOf(output).some(({ kind }) => kind === 'alternateChannels');
  const layout = isRegrouped ? looseLayout(planner, output) : cutLayout(planner, output, axis, starts);
  const whole = planner.output(output, layout);
  inputs.forEach((input, i) => {
    planner.reorder(planner.origin(input), partOf(planner, whole, axis, starts[i]!, sizes[i]!));
  });
}

/** x between zeros along an axis. */
function pad(planner: Planner, x: ValueId, y: ValueId, { axis, before, after }: OpAttributes['pad']): void {
  const size = planner.shapeOf(x)[axis]!;
  const whole = planner.output(y, cutLayout(planner, y, axis, [before, before + size]));
  const own = planner.origin(x);
  const src = sameShape(own.desc.shape, planner.shapeOf(x)) ? own : planner.plain(x);
  planner.reorder(src, partOf(planner, whole, axis, before, size));
  const clear = (start: number, count: number): void => {
    if (count === 0) return;
    const part = partOf(planner, whole, axis, start, count);
    planner.reorder(planner.zeros(planner.rowMajor(part.desc.shape, part.desc.type)), part);
  };
  clear(0, before);
  clear(before + size, after);
}

/** Every second channel of a row-major image. */
function alternateChannels(planner: Planner, whole: Place, start: 0 | 1): Place {
  const [n, c, h, w] = whole.desc.shape as [number, number, number, number];
  const { type } = whole.desc;
  const desc = planner.dnnl.strided([n, c / 2, h, w], type, [c * h * w, 2 * h * w, w, 1]);
  return { ...whole, desc, offset: whole.offset + start * h * w * elementBytes[type], isPart: true };
}

/** Operations that move elements; each is a copy between two layouts of the same elements. */
export const shapeLowerings: Lowerings<
  | 'concat'
  | 'slice'
  | 'pad'
  | 'reshape'
  | 'transpose'
  | 'channelShuffle'
  | 'interleaveChannels'
  | 'alternateChannels'
  | 'detach'
> = {
  concat: (planner, { attributes: { axis }, inputs, outputs }) => concat(planner, axis, inputs, outputs[0]!),
  slice: (planner, { attributes: { axis, start, end }, inputs, outputs }) => {
    const whole = wholeOf(planner, inputs[0]!, axis, [start, end]);
    planner.define(outputs[0]!, partOf(planner, whole, axis, start, end - start));
  },
  pad: (planner, node) => {
    const { axis, before, after } = node.attributes;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    if (sizeOf(planner.shapeOf(y)) < SMALL || planner.typeOf(y).dtype !== 'f32') onHost(planner, node);
    else pad(planner, x, y, { axis, before, after });
  },
  reshape: (planner, { attributes: { shape }, inputs, outputs }) => {
    const place = planner.plain(inputs[0]!);
    planner.define(outputs[0]!, { ...place, desc: planner.rowMajor(shape, place.desc.type) });
  },
  transpose: (planner, { attributes: { permutation }, inputs, outputs }) => {
    const src = planner.plain(inputs[0]!);
    const strides = stridesOf(src.desc.shape);
    const shape = planner.shapeOf(outputs[0]!);
    const view = planner.dnnl.strided(
      shape,
      src.desc.type,
      permutation.map((axis) => strides[axis]!),
    );
    const dst = planner.output(outputs[0]!, planner.rowMajor(shape, src.desc.type));
    planner.reorder({ ...src, desc: view }, dst);
  },
  channelShuffle: (planner, { attributes: { groups }, inputs, outputs }) => {
    const layout = looseLayout(planner, inputs[0]!);
    const src = planner.as(inputs[0]!, layout);
    const dst = planner.output(outputs[0]!, layout);
    const [n, c, h, w] = layout.shape as [number, number, number, number];
    const split: Shape = [n, groups, c / groups, h * w];
    const moved = [c * h * w, h * w, groups * h * w, 1];
    planner.reorder(
      { ...src, desc: planner.dnnl.strided(split, layout.type) },
      { ...dst, desc: planner.dnnl.strided(split, layout.type, moved) },
    );
  },
  interleaveChannels: (planner, { inputs, outputs }) => {
    const whole = planner.output(outputs[0]!, looseLayout(planner, outputs[0]!));
    inputs.forEach((input, i) => {
      planner.reorder(planner.origin(input), alternateChannels(planner, whole, i === 0 ? 0 : 1));
    });
  },
  alternateChannels: (planner, { attributes: { start }, inputs, outputs }) => {
    const whole = planner.as(inputs[0]!, looseLayout(planner, inputs[0]!));
    planner.define(outputs[0]!, alternateChannels(planner, whole, start));
  },
  detach: (planner, { inputs, outputs }) => {
    planner.define(outputs[0]!, planner.origin(inputs[0]!));
  },
};
