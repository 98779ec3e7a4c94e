import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf, stridesOf } from '../../../graph/tensorType.js';
import { elementBytes, type MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import { gatherChannels, viewChannels } from './gatherChannels.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

/** Layout of a value that elements are moved into one by one: images keep the activations' type. */
function looseLayout(draft: Draft, value: ValueId): MemoryDesc {
  const { shape, dtype } = draft.typeOf(value);
  return draft.layouts.rowMajor(
    shape,
    shape.length === 4 && dtype === 'f32' ? draft.layouts.activation : dtype,
  );
}

/** The layout that a value's parts are cut from or put into: blocks where no cut goes through one. */
function cutLayout(draft: Draft, value: ValueId, axis: number, cuts: readonly number[]): MemoryDesc {
  const { shape, dtype } = draft.typeOf(value);
  const images = shape.length === 4 && dtype === 'f32';
  const whole = axis !== 1 || cuts.every((cut) => cut % (draft.layouts.block ?? 1) === 0);
  return images && whole ? draft.layouts.images(shape) : looseLayout(draft, value);
}

/** The layout that a value is cut in: its own where the cuts allow it. */
function wholeOf(draft: Draft, value: ValueId, axis: number, cuts: readonly number[]): Place {
  const own = draft.places.first(value);
  const { shape, strides } = own.desc;
  const axisFits = shape.length === draft.shapeOf(value).length;
  return strides && axisFits ? own : draft.places.as(value, cutLayout(draft, value, axis, cuts));
}

/** Part of a place along an axis. */
function partOf(draft: Draft, place: Place, axis: number, start: number, size: number): Place {
  const { shape } = place.desc;
  const desc = draft.dnnl.part(
    place.desc,
    shape.map((dimension, i) => (i === axis ? size : dimension)),
    shape.map((_, i) => (i === axis ? start : 0)),
  );
  if (!desc) throw new Error(`no part of ${place.desc.layout} from ${start} along axis ${axis}`);
  return { ...place, desc, isPart: true };
}

function concat(draft: Draft, axis: number, inputs: readonly ValueId[], output: ValueId): void {
  const sizes = inputs.map((input) => draft.shapeOf(input)[axis]!);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const partAt = (place: number): number => starts.findLastIndex((start) => start <= place);
  const originOf = (channel: number): readonly [ValueId, number] => {
    const part = partAt(channel);
    return [inputs[part]!, channel - starts[part]!];
  };
  if (axis === 1 && gatherChannels(draft, output, originOf)) return;
  const isRegrouped = draft.usage.usersOf(output).some(({ kind }) => kind === 'alternateChannels');
  const layout = isRegrouped ? looseLayout(draft, output) : cutLayout(draft, output, axis, starts);
  const whole = draft.places.output(output, layout);
  inputs.forEach((input, i) => {
    draft.steps.reorder(draft.places.origin(input), partOf(draft, whole, axis, starts[i]!, sizes[i]!));
  });
}

/** x between zeros along an axis. */
function pad(draft: Draft, x: ValueId, y: ValueId, { axis, before, after }: OpAttributes['pad']): void {
  const size = draft.shapeOf(x)[axis]!;
  const whole = draft.places.output(y, cutLayout(draft, y, axis, [before, before + size]));
  const own = draft.places.origin(x);
  const src = sameShape(own.desc.shape, draft.shapeOf(x)) ? own : draft.places.plain(x);
  draft.steps.reorder(src, partOf(draft, whole, axis, before, size));
  const clear = (start: number, count: number): void => {
    if (count === 0) return;
    const part = partOf(draft, whole, axis, start, count);
    draft.steps.reorder(draft.buffers.zeros(draft.layouts.rowMajor(part.desc.shape, part.desc.type)), part);
  };
  clear(0, before);
  clear(before + size, after);
}

/** Every second channel of a row-major image. */
function alternateChannels(draft: Draft, whole: Place, start: 0 | 1): Place {
  const [n, c, h, w] = whole.desc.shape as [number, number, number, number];
  const { type } = whole.desc;
  const desc = draft.dnnl.strided([n, c / 2, h, w], type, [c * h * w, 2 * h * w, w, 1]);
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
  concat: (draft, { attributes: { axis }, inputs, outputs }) => concat(draft, axis, inputs, outputs[0]!),
  slice: (draft, { attributes: { axis, start, end }, inputs, outputs }) => {
    if (axis === 1 && viewChannels(draft, outputs[0]!, { of: inputs[0]!, start, step: 1 })) return;
    const whole = wholeOf(draft, inputs[0]!, axis, [start, end]);
    draft.places.define(outputs[0]!, partOf(draft, whole, axis, start, end - start));
  },
  pad: (draft, node) => {
    const { axis, before, after } = node.attributes;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    if (sizeOf(draft.shapeOf(y)) < SMALL || draft.typeOf(y).dtype !== 'f32') onHost(draft, node);
    else pad(draft, x, y, { axis, before, after });
  },
  reshape: (draft, { attributes: { shape }, inputs, outputs }) => {
    const place = draft.places.plain(inputs[0]!);
    draft.places.define(outputs[0]!, { ...place, desc: draft.layouts.rowMajor(shape, place.desc.type) });
  },
  transpose: (draft, { attributes: { permutation }, inputs, outputs }) => {
    const src = draft.places.plain(inputs[0]!);
    const strides = stridesOf(src.desc.shape);
    const shape = draft.shapeOf(outputs[0]!);
    const view = draft.dnnl.strided(
      shape,
      src.desc.type,
      permutation.map((axis) => strides[axis]!),
    );
    const dst = draft.places.output(outputs[0]!, draft.layouts.rowMajor(shape, src.desc.type));
    draft.steps.reorder({ ...src, desc: view }, dst);
  },
  channelShuffle: (draft, { attributes: { groups }, inputs, outputs }) => {
    const layout = looseLayout(draft, inputs[0]!);
    const src = draft.places.as(inputs[0]!, layout);
    const dst = draft.places.output(outputs[0]!, layout);
    const [n, c, h, w] = layout.shape as [number, number, number, number];
    const split: Shape = [n, groups, c / groups, h * w];
    const moved = [c * h * w, h * w, groups * h * w, 1];
    draft.steps.reorder(
      { ...src, desc: draft.dnnl.strided(split, layout.type) },
      { ...dst, desc: draft.dnnl.strided(split, layout.type, moved) },
    );
  },
  interleaveChannels: (draft, { inputs, outputs }) => {
    const originOf = (channel: number): readonly [ValueId, number] => [inputs[channel % 2]!, channel >> 1];
    if (gatherChannels(draft, outputs[0]!, originOf)) return;
    const whole = draft.places.output(outputs[0]!, looseLayout(draft, outputs[0]!));
    inputs.forEach((input, i) => {
      draft.steps.reorder(draft.places.origin(input), alternateChannels(draft, whole, i === 0 ? 0 : 1));
    });
  },
  alternateChannels: (draft, { attributes: { start }, inputs, outputs }) => {
    if (viewChannels(draft, outputs[0]!, { of: inputs[0]!, start, step: 2 })) return;
    const whole = draft.places.as(inputs[0]!, looseLayout(draft, inputs[0]!));
    draft.places.define(outputs[0]!, alternateChannels(draft, whole, start));
  },
  detach: (draft, { inputs, outputs }) => {
    draft.places.define(outputs[0]!, draft.places.origin(inputs[0]!));
  },
};
