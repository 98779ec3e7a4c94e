import type { EngineKind, EngineNode } from '../../fusion/node.js';
import { type Expression, elementwise, floatText } from '../codegen/expression.js';
import type { Draft } from '../plan/draft.js';
import type { Lowerings } from './lowering.js';

/** A result as C++ of the inputs. */
type Text = (...inputs: string[]) => string;

function defineAll(
  draft: Draft,
  { inputs, outputs }: Pick<EngineNode<EngineKind>, 'inputs' | 'outputs'>,
  texts: readonly Text[],
): void {
  const operands: readonly Expression[] = inputs.map((input) => draft.expression(input));
  texts.forEach((text, i) => {
    draft.define(outputs[i]!, elementwise(draft.shapeOf(outputs[i]!), operands, text));
  });
}

/** Optimisers' updates; the results of one node are written by one kernel. */
export const updateLowerings: Lowerings<
  'sgdUpdate' | 'adamwUpdate' | 'rmspropUpdate' | 'lionUpdate' | 'averageUpdate'
> = {
  sgdUpdate: (draft, node) => {
    const { momentum, weightDecay, nesterov } = node.attributes;
    const [mu, decay] = [floatText(momentum), floatText(weightDecay)];
    const g = (w: string, grad: string): string => (weightDecay === 0 ? grad : `(${grad} + ${decay} * ${w})`);
    const m = (w: string, grad: string, buffer: string): string => `(${mu} * ${buffer} + ${g(w, grad)})`;
    defineAll(draft, node, [
      (w, grad, buffer, rate) =>
        `${w} - ${rate} * ${nesterov ? `(${g(w!, grad!)} + ${mu} * ${m(w!, grad!, buffer!)})` : m(w!, grad!, buffer!)}`,
      (w, grad, buffer) => m(w!, grad!, buffer!),
    ]);
  },
  adamwUpdate: (draft, node) => {
    const { beta1, beta2, epsilon, weightDecay } = node.attributes;
    const m = (g: string, old: string): string =>
      `(${floatText(beta1)} * ${old} + ${floatText(1 - beta1)} * ${g})`;
    const v = (g: string, old: string): string =>
      `(${floatText(beta2)} * ${old} + ${floatText(1 - beta2)} * ${g} * ${g})`;
    defineAll(draft, node, [
      (w, g, first, second, rate, correction1, correction2) =>
        `(1.0f - ${rate} * ${floatText(weightDecay)}) * ${w} - ${rate} / ${correction1} * ${m(g!, first!)} / (sqrtf(${v(g!, second!)} / ${correction2}) + ${floatText(epsilon)})`,
      (_, g, first) => m(g!, first!),
      (_, g, __, second) => v(g!, second!),
    ]);
  },
  rmspropUpdate: (draft, node) => {
    const { alpha, epsilon, momentum, weightDecay, tensorFlow } = node.attributes;
    const g = (w: string, grad: string): string => `(${grad} + ${floatText(weightDecay)} * ${w})`;
    const square = (w: string, grad: string, old: string): string =>
      `(${floatText(alpha)} * ${old} + ${floatText(1 - alpha)} * ${g(w, grad)} * ${g(w, grad)})`;
    const eps = floatText(epsilon);
    const change = (w: string, grad: string, old: string, rate: string): string =>
      tensorFlow
        ? `${rate} * ${g(w, grad)} / sqrtf(${square(w, grad, old)} + ${eps})`
        : `${g(w, grad)} / (sqrtf(${square(w, grad, old)}) + ${eps})`;
    const buffer = (w: string, grad: string, old: string, before: string, rate: string): string =>
      `(${floatText(momentum)} * ${before} + ${change(w, grad, old, rate)})`;
    defineAll(draft, node, [
      (w, grad, old, before, rate) =>
        `${w} - ${tensorFlow ? '' : `${rate} * `}${buffer(w!, grad!, old!, before!, rate!)}`,
      (w, grad, old) => square(w!, grad!, old!),
      (w, grad, old, before, rate) => buffer(w!, grad!, old!, before!, rate!),
    ]);
  },
  lionUpdate: (draft, node) => {
    const { beta1, beta2, weightDecay } = node.attributes;
    const mixed = (share: number, m: string, g: string): string =>
      `(${floatText(share)} * ${m} + ${floatText(1 - share)} * ${g})`;
    const sign = (x: string): string => `(${x} > 0.0f ? 1.0f : ${x} < 0.0f ? -1.0f : ${x})`;
    defineAll(draft, node, [
      (w, g, m, rate) =>
        `(1.0f - ${rate} * ${floatText(weightDecay)}) * ${w} - ${rate} * ${sign(mixed(beta1, m!, g!))}`,
      (_, g, m) => mixed(beta2, m!, g!),
    ]);
  },
  averageUpdate: (draft, node) =>
    defineAll(draft, node, [(average, value, share) => `${average} + ${share} * (${value} - ${average})`]),
};
