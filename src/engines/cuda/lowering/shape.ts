import { type Shape, stridesOf } from '../../../graph/tensorType.js';
import type { EngineNode } from '../../fusion/node.js';
import type { Emitter, Operand } from '../codegen/emitter.js';
import { broadcastIndex, type Expression, moved } from '../codegen/expression.js';
import { Index } from '../codegen/index.js';
import { reshaped, type Stored } from '../codegen/stored.js';
import type { Draft } from '../plan/draft.js';
import type { Lowerings } from './lowering.js';

function replaced(index: readonly Index[], axis: number, by: Index): Index[] {
  return index.map((each, i) => (i === axis ? by : each));
}

/** The tensor that an expression is read from without being computed. */
function viewOf(expression: Expression): Stored | undefined {
  return expression.cost === 0 && expression.reads.length === 1 ? expression.reads[0] : undefined;
}

/** A change of place: of the memory's description where a value is in memory as it is, else of the index that readers ask for. */
function defineMoved(
  draft: Draft,
  { inputs, outputs }: EngineNode<'slice' | 'transpose' | 'broadcastTo' | 'reshape'>,
  view: (stored: Stored) => Stored | undefined,
  index: (at: Emitter, index: readonly Index[]) => Index[],
): void {
  const x = draft.expression(inputs[0]!);
  const stored = viewOf(x);
  const changed = stored && view(stored);
  if (changed) draft.place(outputs[0]!, changed);
  else
    draft.define(
      outputs[0]!,
      moved([x], draft.shapeOf(outputs[0]!), (at, i) => x.load(at, index(at, i))),
    );
}

/** Operands joined along an axis: each element is read from the one that it lies in. */
export function joined(operands: readonly Expression[], shape: Shape, axis: number): Expression {
  const load = (at: Emitter, index: readonly Index[]): Operand => {
    const pick = (first: number, start: number): Operand => {
      const operand = operands[first]!;
      const own = replaced(index, axis, index[axis]!.plus(-start));
      if (first === operands.length - 1) return operand.load(at, own);
      const end = start + operand.shape[axis]!;
      return at.branch(
        at.isBelow(index[axis]!, end),
        () => operand.load(at, own),
        () => pick(first + 1, end),
        operands[0]!.type === 'i32' ? 'int' : 'float',
      );
    };
    return pick(0, 0);
  };
  return moved(operands, shape, load);
}

/** The element of `from` that has the place of an element of another shape in row-major order. */
function reshapedIndex(at: Emitter, from: Shape, to: Shape, index: readonly Index[]): Index[] {
  const strides = stridesOf(to);
  let place = index.reduce((sum, each, axis) => sum.plus(each.times(strides[axis]!)), Index.zero);
  return stridesOf(from).map((stride, axis) => {
    if (from[axis] === 1) return Index.zero;
    const { quotient, remainder } = place.divide(at, stride);
    place = remainder;
    return quotient;
  });
}

/** x with channels moved: the result's channel c is x's channel `source(c)`. */
function fromChannels(
  x: Expression,
  shape: Shape,
  source: (at: Emitter, channel: Index) => Index,
): Expression {
  return moved([x], shape, (at, index) => x.load(at, replaced(index, 1, source(at, index[1]!))));
}

function zeroOutside(draft: Draft, node: EngineNode<'pad'>): void {
  const { axis, before, after } = node.attributes;
  const [x, value] = [draft.expression(node.inputs[0]!), node.outputs[0]!];
  const size = x.shape[axis]!;
  const zero: Operand = { text: x.type === 'i32' ? '0' : '0.0f', laned: false };
  const type = x.type === 'i32' ? 'int' : 'float';
  const load = (at: Emitter, index: readonly Index[]): Operand => {
    const place = index[axis]!;
    const inside = (): Operand => x.load(at, replaced(index, axis, place.plus(-before)));
    const upper = (): Operand =>
      after === 0 ? inside() : at.branch(at.isBelow(place, before + size), inside, () => zero, type);
    return before === 0 ? upper() : at.branch(at.isFrom(place, before), upper, () => zero, type);
  };
  draft.define(value, moved([x], draft.shapeOf(value), load));
}

/** Operations that move elements without changing them. */
export const shapeLowerings: Lowerings<
  | 'concat'
  | 'slice'
  | 'pad'
  | 'reshape'
  | 'transpose'
  | 'channelShuffle'
  | 'detach'
  | 'broadcastTo'
  | 'interleaveChannels'
  | 'alternateChannels'
> = {
  concat: (draft, { attributes: { axis }, inputs, outputs }) => {
    const place = draft.chains.placeOf(outputs[0]!);
    const isInPlace =
      place && inputs.map((input) => draft.stored(input).buffer).every((each) => each === place.buffer);
    if (isInPlace) return draft.place(outputs[0]!, place);
    const operands = inputs.map((input) => draft.expression(input));
    draft.define(outputs[0]!, joined(operands, draft.shapeOf(outputs[0]!), axis));
  },
  slice: (draft, node) => {
    const { axis, start } = node.attributes;
    const shape = draft.shapeOf(node.outputs[0]!);
    defineMoved(
      draft,
      node,
      (stored) => ({ ...stored, shape, offset: stored.offset + start * stored.strides[axis]! }),
      (_, index) => replaced(index, axis, index[axis]!.plus(start)),
    );
  },
  pad: zeroOutside,
  reshape: (draft, node) => {
    const { shape } = node.attributes;
    const from = draft.shapeOf(node.inputs[0]!);
    defineMoved(
      draft,
      node,
      (stored) => reshaped(stored, shape),
      (at, index) => reshapedIndex(at, from, shape, index),
    );
  },
  transpose: (draft, node) => {
    const { permutation } = node.attributes;
    const shape = draft.shapeOf(node.outputs[0]!);
    defineMoved(
      draft,
      node,
      (stored) => ({ ...stored, shape, strides: permutation.map((axis) => stored.strides[axis]!) }),
      (_, index) => permutation.map((_axis, i) => index[permutation.indexOf(i)]!),
    );
  },
  broadcastTo: (draft, node) => {
    const { shape } = node.attributes;
    const from = draft.shapeOf(node.inputs[0]!);
    const skipped = shape.length - from.length;
    defineMoved(
      draft,
      node,
      (stored) => ({
        ...stored,
        shape,
        strides: shape.map((_, axis) =>
          axis < skipped || from[axis - skipped] === 1 ? 0 : stored.strides[axis - skipped]!,
        ),
      }),
      (_, index) => broadcastIndex(from, index),
    );
  },
  detach: (draft, { inputs, outputs }) => draft.define(outputs[0]!, draft.expression(inputs[0]!)),
  channelShuffle: (draft, { attributes: { groups }, inputs, outputs }) => {
    const shape = draft.shapeOf(outputs[0]!);
    const perGroup = shape[1]! / groups;
    const source = (at: Emitter, channel: Index): Index => {
      const { quotient, remainder } = channel.divide(at, groups);
      return remainder.times(perGroup).plus(quotient);
    };
    draft.define(outputs[0]!, fromChannels(draft.expression(inputs[0]!), shape, source));
  },
  alternateChannels: (draft, { attributes: { start }, inputs, outputs }) => {
    const shape = draft.shapeOf(outputs[0]!);
    draft.define(
      outputs[0]!,
      fromChannels(draft.expression(inputs[0]!), shape, (_, channel) => channel.times(2).plus(start)),
    );
  },
  interleaveChannels: (draft, { inputs, outputs }) => {
    const shape = draft.shapeOf(outputs[0]!);
    const halves = inputs.map((input) => draft.expression(input));
    const load = (at: Emitter, index: readonly Index[]): Operand => {
      const { quotient, remainder } = index[1]!.divide(at, 2);
      const parity: Operand = { text: `(${remainder.text()})`, laned: remainder.isLaned() };
      const parts = halves.map((half) => half.load(at, replaced(index, 1, quotient)));
      return at.apply([parity, ...parts], (odd, a, b) => `(${odd} == 0 ? ${a} : ${b})`);
    };
    draft.define(outputs[0]!, moved(halves, shape, load));
  },
};
