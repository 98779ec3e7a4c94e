import type { OpAttributes, ShapeRules } from '../op.js';
import type { GradientRules, Tensor } from '../tensor.js';
import type { TensorType } from '../tensorType.js';
import { expectFloats, expectInputs, expectShape } from './check.js';

type AdaptiveKind = 'adamwUpdate' | 'rmspropUpdate' | 'lionUpdate';

/** A parameter w with its gradient g, both of one shape, and the learning rate η, a scalar. */
interface Before {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly learningRate: Tensor;
}

/**
 * One step of AdamW (Loshchilov and Hutter, 2019): m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
 * w ← (1 − ηλ)w − η/c₁·m/(√(v/c₂) + ε), where the scalars c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ correct the bias of step t.
 */
export function adamwUpdate(
  before: Before & {
    readonly firstMoment: Tensor;
    readonly secondMoment: Tensor;
    readonly corrections: readonly [Tensor, Tensor];
  },
  settings: OpAttributes['adamwUpdate'],
): { readonly parameter: Tensor; readonly firstMoment: Tensor; readonly secondMoment: Tensor } {
  const { parameter, gradient, firstMoment, secondMoment, learningRate, corrections } = before;
  const inputs = [parameter, gradient, firstMoment, secondMoment, learningRate, ...corrections];
  const outputs = parameter.graph.emit('adamwUpdate', settings, inputs);
  return { parameter: outputs[0]!, firstMoment: outputs[1]!, secondMoment: outputs[2]! };
}

/**
 * One step of RMSprop: g ← g + λw; s ← αs + (1 − α)g²; d = g/(√s + ε); m ← μm + d; w ← w − ηm. With
 * `tensorFlow` ε is under the root and the rate enters the momentum: d = g/√(s + ε); m ← μm + ηd; w ← w − m.
 */
export function rmspropUpdate(
  before: Before & { readonly squares: Tensor; readonly momentum: Tensor },
  settings: OpAttributes['rmspropUpdate'],
): { readonly parameter: Tensor; readonly squares: Tensor; readonly momentum: Tensor } {
  const { parameter, gradient, squares, momentum, learningRate } = before;
  const inputs = [parameter, gradient, squares, momentum, learningRate];
  const outputs = parameter.graph.emit('rmspropUpdate', settings, inputs);
  return { parameter: outputs[0]!, squares: outputs[1]!, momentum: outputs[2]! };
}

/**
 * One step of Lion (Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023):
 * w ← (1 − ηλ)w − η·sign(β₁m + (1 − β₁)g); m ← β₂m + (1 − β₂)g.
 */
export function lionUpdate(
  before: Before & { readonly momentum: Tensor },
  settings: OpAttributes['lionUpdate'],
): { readonly parameter: Tensor; readonly momentum: Tensor } {
  const { parameter, gradient, momentum, learningRate } = before;
  const outputs = parameter.graph.emit('lionUpdate', settings, [parameter, gradient, momentum, learningRate]);
  return { parameter: outputs[0]!, momentum: outputs[1]! };
}

/** The parameter and its `states` tensors, which have the gradient between them; `scalars` follow. */
function updated(
  op: AdaptiveKind,
  inputs: readonly TensorType[],
  states: number,
  scalars: number,
): TensorType[] {
  expectInputs(op, inputs, 2 + states + scalars);
  expectFloats(op, inputs);
  const [parameter, gradient, ...rest] = inputs;
  expectShape(op, 'gradient', gradient!.shape, parameter!.shape);
  const state = rest.slice(0, states);
  for (const { shape } of state) expectShape(op, 'state', shape, parameter!.shape);
  for (const { shape } of rest.slice(states)) expectShape(op, 'learning rate and corrections', shape, []);
  return [parameter!, ...state];
}

/** Shape rules of the updates. */
export const adaptiveShapes: ShapeRules<AdaptiveKind> = {
  adamwUpdate: (_, inputs) => updated('adamwUpdate', inputs, 2, 3),
  rmspropUpdate: (_, inputs) => updated('rmspropUpdate', inputs, 2, 1),
  lionUpdate: (_, inputs) => updated('lionUpdate', inputs, 1, 1),
};

const END = { unsupported: 'an update is not differentiated' } as const;

/** The updates are the end of a step. */
export const adaptiveGradients: GradientRules<AdaptiveKind> = {
  adamwUpdate: END,
  rmspropUpdate: END,
  lionUpdate: END,
};
