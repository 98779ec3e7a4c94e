import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { BinarySpec, SumSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';

/** The learning rate with its sign changed, computed once a step. */
function negated(planner: Planner, learningRate: ValueId): Place {
  const known = planner.workspaceOf(learningRate);
  if (known) return known;
  const place = planner.allocate(planner.rowMajor([1]));
  planner.host([planner.plain(learningRate)], [place], ([rate], [result]) => {
    result![0] = -rate![0]!;
  });
  planner.keepWorkspace(learningRate, place);
  return place;
}

/** Where the update goes: the variable's own memory if nothing reads its old value later. */
function target(planner: Planner, old: ValueId, updated: ValueId, desc: MemoryDesc): Place {
  const place = planner.as(old, desc);
  if (planner.updatesInPlace(old, updated, place)) return planner.define(updated, place);
  const copy = planner.output(updated, desc);
  planner.reorder(place, copy);
  return copy;
}

/** dst ← Σ scale·source, where dst may be the first source. */
function sum(planner: Planner, terms: readonly (readonly [scale: number, place: Place])[], dst: Place): void {
  const spec: SumSpec = {
    kind: 'sum',
    scales: terms.map(([scale]) => scale),
    sources: terms.map(([, { desc }]) => desc),
    dst: dst.desc,
  };
  const reads = Object.fromEntries(terms.map(([, place], i) => [ARG.multipleSrc + i, place]));
  planner.execute(spec, planner.prepare(spec), reads, { [ARG.dst]: dst });
}

/** m ← μm + g + λw, then w ← w + (−η)·m, or with Nesterov's momentum w + (−η)·(g + λw + μm): two or three passes. */
function update(
  planner: Planner,
  { momentum, weightDecay, nesterov }: OpAttributes['sgdUpdate'],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const [parameter, gradient, buffer, learningRate] = inputs as [ValueId, ValueId, ValueId, ValueId];
  const { desc } = planner.first(parameter);
  const g = planner.flat(planner.as(gradient, desc));
  const m = planner.flat(target(planner, buffer, outputs[1]!, desc));
  const w = planner.flat(target(planner, parameter, outputs[0]!, desc));
  const terms = [
    [momentum, m],
    [1, g],
    [weightDecay, w],
  ] as const;
  sum(planner, terms, m);
  const direction = nesterov ? planner.allocate(m.desc) : m;
  if (nesterov) sum(planner, terms, direction);
  const rate = negated(planner, learningRate);
  const spec: BinarySpec = {
    kind: 'binary',
    fn: 'mul',
    a: direction.desc,
    b: rate.desc,
    dst: w.desc,
    postOps: [{ kind: 'sum', scale: 1 }],
  };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: direction, [ARG.src1]: rate }, { [ARG.dst]: w });
}

/** SGD with momentum; small parameters on the host. */
export const sgdLowerings: Lowerings<'sgdUpdate'> = {
  sgdUpdate: (planner, node) => {
    const { attributes, inputs, outputs } = node;
    if (sizeOf(planner.shapeOf(inputs[0]!)) < SMALL) onHost(planner, node);
    else update(planner, attributes, inputs, outputs);
  },
};
