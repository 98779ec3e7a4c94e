/** What the updates of optimisers have in common: arithmetic on a parameter's memory and its state's, in place. */
import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { BinaryAlgorithm, BinarySpec, PostOp, SumSpec } from '../primitiveSpec.js';

/** Where the update goes: the variable's own memory if nothing reads its old value later. */
export function updateTarget(draft: Draft, old: ValueId, updated: ValueId, desc: MemoryDesc): Place {
  const place = draft.places.as(old, desc);
  if (draft.places.updatesInPlace({ old: old, updated: updated, place: place }))
    return draft.places.define(updated, place);
  const copy = draft.places.output(updated, desc);
  draft.steps.reorder(place, copy);
  return copy;
}

/** dst ← Σ scale·source, where dst may be the first source. */
export function addScaled(
  draft: Draft,
  terms: readonly (readonly [scale: number, place: Place])[],
  dst: Place,
): void {
  const spec: SumSpec = {
    kind: 'sum',
    scales: terms.map(([scale]) => scale),
    sources: terms.map(([, { desc }]) => desc),
    dst: dst.desc,
  };
  const reads = Object.fromEntries(terms.map(([, place], i) => [ARG.multipleSrc + i, place]));
  draft.steps.primitive({ spec, reads, writes: { [ARG.dst]: dst } });
}

/** dst ← fn(a, b), and then the post-ops; b may be a scalar, and dst may be a or b. */
export function combine(
  draft: Draft,
  fn: BinaryAlgorithm,
  [a, b, dst]: readonly [Place, Place, Place],
  postOps: readonly PostOp[] = [],
): void {
  const spec: BinarySpec = { kind: 'binary', fn, a: a.desc, b: b.desc, dst: dst.desc, postOps };
  draft.steps.primitive({ spec, reads: { [ARG.src]: a, [ARG.src1]: b }, writes: { [ARG.dst]: dst } });
}

/**
 * dst ← factor·src, and then the post-ops; dst may be src. A binary primitive, whose post-ops are compiled: an eltwise one with
 * post-ops is slow reference code, which leaves them out on a tensor of one axis.
 */
export function scale(
  draft: Draft,
  factor: number,
  [src, dst]: readonly [Place, Place],
  postOps: readonly PostOp[],
): void {
  const scalar = draft.steps.constant(draft.layouts.rowMajor([1]), Float32Array.of(factor));
  combine(draft, 'mul', [src, scalar, dst], postOps);
}

/** a·x + b as a post-op. */
export function linear(alpha: number, beta: number): PostOp {
  return { kind: 'eltwise', fn: 'linear', alpha, beta };
}

/**
 * A number that a step computes from scalars, once however many parameters ask for it.
 *
 * @param name of the number, which says how it is made of the scalars
 * @param scalars values of one element; the number is kept with the first
 */
export function scalarOf(
  draft: Draft,
  name: string,
  scalars: readonly ValueId[],
  compute: (...numbers: number[]) => number,
): Place {
  const key = `${name} of ${scalars.join(', ')}`;
  const known = draft.places.asideOf(scalars[0]!, key);
  if (known) return known;
  const place = draft.buffers.allocate(draft.layouts.rowMajor([1]));
  draft.steps.host({
    inputs: scalars.map((scalar) => draft.places.plain(scalar)),
    outputs: [place],
    compute: (values, [result]) => {
      result![0] = compute(...values.map((value) => value[0]!));
    },
  });
  draft.places.keepAside(scalars[0]!, place, key);
  return place;
}

/** −η */
export function negative(draft: Draft, rate: ValueId): Place {
  return scalarOf(draft, 'negative', [rate], (eta) => -eta);
}

/** 1 − ηλ, what weight decay leaves of a parameter. */
export function keptBy(draft: Draft, rate: ValueId, weightDecay: number): Place {
  return scalarOf(draft, `1 − ${weightDecay}·`, [rate], (eta) => 1 - eta * weightDecay);
}

/** A scalar as an operand. */
export function plainScalar(draft: Draft, scalar: ValueId): Place {
  return { ...draft.places.plain(scalar), desc: draft.layouts.rowMajor([1]) };
}

/** AdamW's −η/c₁ and 1/c₂ of the rate and the corrections. */
export function adamwScalars(draft: Draft, [rate, first, second]: readonly ValueId[]): [Place, Place] {
  return [
    scalarOf(draft, 'step size', [rate!, first!], (eta, c) => -eta / c!),
    scalarOf(draft, 'inverse', [second!], (c) => 1 / c!),
  ];
}
