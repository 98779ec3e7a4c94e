import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { BinarySpec, SumSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

/** The learning rate with its sign changed, computed once a step. */
function negated(draft: Draft, learningRate: ValueId): Place {
  const known = draft.places.asideOf(learningRate);
  if (known) return known;
  const place = draft.buffers.allocate(draft.layouts.rowMajor([1]));
  draft.steps.host({
    inputs: [draft.places.plain(learningRate)],
    outputs: [place],
    compute: ([rate], [result]) => {
      result![0] = -rate![0]!;
    },
  });
  draft.places.keepAside(learningRate, place);
  return place;
}

/** Where the update goes: the variable's own memory if nothing reads its old value later. */
function target(draft: Draft, old: ValueId, updated: ValueId, desc: MemoryDesc): Place {
  const place = draft.places.as(old, desc);
  if (draft.places.updatesInPlace({ old: old, updated: updated, place: place }))
    return draft.places.define(updated, place);
  const copy = draft.places.output(updated, desc);
  draft.steps.reorder(place, copy);
  return copy;
}

/** dst ← Σ scale·source, where dst may be the first source. */
function sum(draft: Draft, terms: readonly (readonly [scale: number, place: Place])[], dst: Place): void {
  const spec: SumSpec = {
    kind: 'sum',
    scales: terms.map(([scale]) => scale),
    sources: terms.map(([, { desc }]) => desc),
    dst: dst.desc,
  };
  const reads = Object.fromEntries(terms.map(([, place], i) => [ARG.multipleSrc + i, place]));
  draft.steps.primitive({ spec, reads, writes: { [ARG.dst]: dst } });
}

/** m ← μm + g + λw, then w ← w + (−η)·m, or with Nesterov's momentum w + (−η)·(g + λw + μm): two or three passes. */
function update(
  draft: Draft,
  { momentum, weightDecay, nesterov }: OpAttributes['sgdUpdate'],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const [parameter, gradient, buffer, learningRate] = inputs as [ValueId, ValueId, ValueId, ValueId];
  const { desc } = draft.places.first(parameter);
  const g = draft.layouts.flat(draft.places.as(gradient, desc));
  const m = draft.layouts.flat(target(draft, buffer, outputs[1]!, desc));
  const w = draft.layouts.flat(target(draft, parameter, outputs[0]!, desc));
  const terms = [
    [momentum, m],
    [1, g],
    [weightDecay, w],
  ] as const;
  sum(draft, terms, m);
  const direction = nesterov ? draft.buffers.allocate(m.desc) : m;
  if (nesterov) sum(draft, terms, direction);
  const rate = negated(draft, learningRate);
  const spec: BinarySpec = {
    kind: 'binary',
    fn: 'mul',
    a: direction.desc,
    b: rate.desc,
    dst: w.desc,
    postOps: [{ kind: 'sum', scale: 1 }],
  };
  draft.steps.primitive({
    spec,
    reads: { [ARG.src]: direction, [ARG.src1]: rate },
    writes: { [ARG.dst]: w },
  });
}

/** SGD with momentum; small parameters on the host. */
export const sgdLowerings: Lowerings<'sgdUpdate'> = {
  sgdUpdate: (draft, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(draft.shapeOf(inputs[0]!)) < SMALL) onHost(draft, node);
    else update(draft, attributes, inputs, outputs);
  },
};
