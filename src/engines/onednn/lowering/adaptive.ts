import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { sizeOf } from '../../../graph/tensorType.js';
import { HUGE } from '../kernels/updateFormulas.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';
import {
  adamwScalars,
  addScaled,
  combine,
  keptBy,
  linear,
  negative,
  plainScalar,
  scale,
  updateTarget,
} from './update.js';

/** dst ← kept·dst + added·x */
function blend(draft: Draft, dst: Place, x: Place, [kept, added]: readonly [number, number]): void {
  const terms = [
    [kept, dst],
    [added, x],
  ] as const;
  addScaled(draft, terms, dst);
}

/** √x as a post-op. */
const ROOT = { kind: 'eltwise', fn: 'sqrt', alpha: 0, beta: 0 } as const;

/** A parameter's update: its gradient in the parameter's layout, and what is updated in place; all flat. */
interface Update {
  readonly gradient: Place;
  readonly parameter: Place;
  readonly state: readonly Place[];
}

function places(draft: Draft, inputs: readonly ValueId[], outputs: readonly ValueId[]): Update {
  const [parameter, gradient, ...rest] = inputs as [ValueId, ValueId, ...ValueId[]];
  const { desc } = draft.places.first(parameter);
  const g = draft.layouts.flat(draft.places.as(gradient, desc));
  const [target, ...state] = outputs.map((updated, i) =>
    draft.layouts.flat(updateTarget(draft, i === 0 ? parameter : rest[i - 1]!, updated, desc)),
  );
  return { gradient: g, parameter: target!, state };
}

/** mean ← share·mean + (1 − share)·x² */
function addSquare(draft: Draft, mean: Place, x: Place, share: number): void {
  combine(draft, 'mul', [x, x, mean], [linear(1 - share, 0), { kind: 'sum', scale: share }]);
}

/** w ← w + factor·x for a scalar factor. */
function addTimes(draft: Draft, w: Place, x: Place, factor: Place): void {
  combine(draft, 'mul', [x, factor, w], [{ kind: 'sum', scale: 1 }]);
}

/** w ← (1 − ηλ)·w */
function decay(draft: Draft, w: Place, rate: ValueId, weightDecay: number): void {
  if (weightDecay === 0) return;
  combine(draft, 'mul', [w, keptBy(draft, rate, weightDecay), w]);
}

function adamw(
  draft: Draft,
  { beta1, beta2, epsilon, weightDecay }: OpAttributes['adamwUpdate'],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const scalars = inputs.slice(4);
  const [stepSize, inverse] = adamwScalars(draft, scalars);
  const { gradient, parameter, state } = places(draft, inputs, outputs);
  const [m, v] = state as [Place, Place];
  blend(draft, m, gradient, [beta1, 1 - beta1]);
  addSquare(draft, v, gradient, beta2);
  const direction = draft.buffers.allocate(v.desc);
  combine(draft, 'mul', [v, inverse, direction], [ROOT, linear(1, epsilon)]);
  combine(draft, 'div', [m, direction, direction]);
  decay(draft, parameter, scalars[0]!, weightDecay);
  addTimes(draft, parameter, direction, stepSize);
}

/** g + λw */
function penalised(draft: Draft, { gradient, parameter }: Update, weightDecay: number): Place {
  if (weightDecay === 0) return gradient;
  const sum = draft.buffers.allocate(gradient.desc);
  const terms = [
    [1, gradient],
    [weightDecay, parameter],
  ] as const;
  addScaled(draft, terms, sum);
  return sum;
}

function rmsprop(
  draft: Draft,
  { alpha, epsilon, momentum, weightDecay, tensorFlow }: OpAttributes['rmspropUpdate'],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const rate = inputs[4]!;
  const update = places(draft, inputs, outputs);
  const { parameter, state } = update;
  const [squares, buffer] = state as [Place, Place];
  const g = penalised(draft, update, weightDecay);
  addSquare(draft, squares, g, alpha);
  const direction = draft.buffers.allocate(g.desc);
  const plusEpsilon = linear(1, epsilon);
  scale(draft, 1, [squares, direction], tensorFlow ? [plusEpsilon, ROOT] : [ROOT, plusEpsilon]);
  combine(draft, 'div', [g, direction, direction]);
  if (tensorFlow) {
    combine(draft, 'mul', [direction, plainScalar(draft, rate), buffer], [{ kind: 'sum', scale: momentum }]);
    blend(draft, parameter, buffer, [1, -1]);
    return;
  }
  blend(draft, buffer, direction, [momentum, 1]);
  addTimes(draft, parameter, buffer, negative(draft, rate));
}

function lion(
  draft: Draft,
  { beta1, beta2, weightDecay }: OpAttributes['lionUpdate'],
  inputs: readonly ValueId[],
  outputs: readonly ValueId[],
): void {
  const rate = inputs[3]!;
  const { gradient, parameter, state } = places(draft, inputs, outputs);
  const [m] = state as [Place];
  const direction = draft.buffers.allocate(m.desc);
  addScaled(
    draft,
    [
      [beta1, m],
      [1 - beta1, gradient],
    ],
    direction,
  );
  scale(draft, HUGE, [direction, direction], [{ kind: 'eltwise', fn: 'clip', alpha: -1, beta: 1 }]);
  decay(draft, parameter, rate, weightDecay);
  addTimes(draft, parameter, direction, negative(draft, rate));
  blend(draft, m, gradient, [beta2, 1 - beta2]);
}

/** average ← average + share·(value − average), in the average's own memory. */
function average(draft: Draft, inputs: readonly ValueId[], updated: ValueId): void {
  const [old, value, share] = inputs as [ValueId, ValueId, ValueId];
  const { desc } = draft.places.first(old);
  const v = draft.layouts.flat(draft.places.as(value, desc));
  const mean = draft.layouts.flat(updateTarget(draft, old, updated, desc));
  const distance = draft.buffers.allocate(mean.desc);
  combine(draft, 'sub', [v, mean, distance]);
  addTimes(draft, mean, distance, plainScalar(draft, share));
}

/** Updates of adaptive optimisers and of averages; small tensors on the host. The formulas are in the graph's rules. */
export const adaptiveLowerings: Lowerings<'adamwUpdate' | 'rmspropUpdate' | 'lionUpdate' | 'averageUpdate'> =
  {
    averageUpdate: (draft, node) => {
      if (sizeOf(draft.shapeOf(node.inputs[0]!)) < SMALL) onHost(draft, node);
      else average(draft, node.inputs, node.outputs[0]!);
    },
    adamwUpdate: (draft, node) => {
      if (sizeOf(draft.shapeOf(node.inputs[0]!)) < SMALL) onHost(draft, node);
      else adamw(draft, node.attributes, node.inputs, node.outputs);
    },
    rmspropUpdate: (draft, node) => {
      if (sizeOf(draft.shapeOf(node.inputs[0]!)) < SMALL) onHost(draft, node);
      else rmsprop(draft, node.attributes, node.inputs, node.outputs);
    },
    lionUpdate: (draft, node) => {
      if (sizeOf(draft.shapeOf(node.inputs[0]!)) < SMALL) onHost(draft, node);
      else lion(draft, node.attributes, node.inputs, node.outputs);
    },
  };
