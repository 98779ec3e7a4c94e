import type { Values } from '../../../src/engines/reference/kernel.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Program } from '../../../src/graph/program.js';
import {
  addInputs,
  type GradientCase,
  gradientGraph,
  inputName,
  inputValues,
} from '../../support/gradientCheck.js';
import { convolutionCases } from '../gradients/convolutionCases.js';
import { elementwiseCases } from '../gradients/elementwiseCases.js';
import { largeCases } from '../gradients/largeCases.js';
import { shapeCases } from '../gradients/shapeCases.js';
import { softTargetCases } from '../gradients/softTargetCases.js';
import { combinationCases } from './combinationCases.js';
import { cornerCases } from './cornerCases.js';
import { type ForwardCase, forwardCases } from './forwardCases.js';
import { networkCases } from './networkCases.js';
import { productCases } from './productCases.js';
import { updateCases } from './updateCases.js';

/** A program with contents for its inputs and variables, whose outputs must agree on every engine. */
export interface ConformanceCase {
  readonly name: string;
  readonly program: Program;
  readonly inputs: Readonly<Record<string, Values>>;
  /** Contents of variables; with any, the program is compiled frozen. */
  readonly frozen?: ReadonlyMap<string, Values>;
}

function fromGradients(gradientCase: GradientCase): ConformanceCase {
  const { graph, result, gradients } = gradientGraph(gradientCase);
  const { name, inputs } = gradientCase;
  return { name, program: graph.program({ result, ...gradients }), inputs: inputValues(name, inputs) };
}

function fromForward({ name, inputs, build }: ForwardCase): ConformanceCase {
  const graph = new Graph();
  const outputs = build(addInputs(graph, inputs), graph);
  return { name, program: graph.program(outputs), inputs: inputValues(name, inputs) };
}

/** The same function with everything but its first input built in, as an evaluation has it. */
function asFrozen({ name, inputs, build }: GradientCase): ConformanceCase {
  const graph = new Graph();
  const [first, ...rest] = inputs;
  const variable = (i: number): string => `${name}.${inputName(i)}`;
  const tensors = [
    ...addInputs(graph, [first!]),
    ...rest.map(({ shape, fixed }, i) =>
      graph.variable(variable(i + 1), shape, fixed instanceof Int32Array ? 'i32' : 'f32'),
    ),
  ];
  const values = inputValues(name, inputs);
  return {
    name: `${name}, frozen`,
    program: graph.program({ result: build(tensors) }),
    inputs: { [inputName(0)]: values[inputName(0)]! },
    frozen: new Map(rest.map((_, i) => [variable(i + 1), values[inputName(i + 1)]!])),
  };
}

/** Values and gradients of every operation, with odd shapes. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...[
    ...convolutionCases,
    ...networkCases,
    ...productCases,
    ...elementwiseCases,
    ...shapeCases,
    ...softTargetCases,
    ...largeCases,
    ...combinationCases,
  ].map(fromGradients),
  ...[...cornerCases, ...forwardCases, ...updateCases].map(fromForward),
  ...[...convolutionCases, ...combinationCases].filter(({ inputs }) => inputs.length > 1).map(asFrozen),
];
