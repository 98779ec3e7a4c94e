import type { ValueId } from '../../../graph/program.js';
import { type Expression, elementwise, literal } from '../codegen/expression.js';
import type { Draft } from '../plan/draft.js';
import { binaryTexts, comparisonText, unaryGradText, unaryText } from './functions.js';
import type { Lowerings } from './lowering.js';

function define(
  draft: Draft,
  value: ValueId,
  inputs: readonly ValueId[],
  text: (...texts: string[]) => string,
): void {
  const operands: readonly Expression[] = inputs.map((input) => draft.expression(input));
  draft.define(value, elementwise(draft.shapeOf(value), operands, text));
}

/** Functions of single elements are computed by their readers. */
export const elementwiseLowerings: Lowerings<'unary' | 'unaryGrad' | 'binary' | 'compare' | 'select'> = {
  unary: (draft, { attributes, inputs, outputs }) =>
    define(draft, outputs[0]!, inputs, (x) => unaryText(attributes, x!)),
  unaryGrad: (draft, { attributes, inputs, outputs }) =>
    define(draft, outputs[0]!, inputs, (dy, saved) => unaryGradText(attributes, dy!, saved!)),
  binary: (draft, { attributes: { fn }, inputs, outputs }) =>
    define(draft, outputs[0]!, inputs, (a, b) => binaryTexts[fn](a!, b!)),
  compare: (draft, { attributes: { fn }, inputs, outputs }) =>
    define(draft, outputs[0]!, inputs, (a, b) => comparisonText(fn, a!, b!)),
  select: (draft, { inputs, outputs }) =>
    define(draft, outputs[0]!, inputs, (condition, a, b) => `(${condition} != 0.0f ? ${a} : ${b})`),
};

/** A constant as an expression, if it is one number. */
export function scalarConstant(data: ArrayLike<number>, shape: readonly number[]): Expression | undefined {
  return data.length === 1 ? literal(data[0]!, shape) : undefined;
}
