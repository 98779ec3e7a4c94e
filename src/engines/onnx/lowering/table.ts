import type { OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { OpKind } from '../../../graph/op.js';
import type { Program, ProgramNode } from '../../../graph/program.js';
import { batchNormLowerings } from './batchNorm.js';
import type { Lowerings } from './context.js';
import { convLowerings } from './conv.js';
import { crossEntropyLowerings } from './crossEntropy.js';
import { elementwiseLowerings } from './elementwise.js';
import { poolLowerings } from './pooling.js';
import { reduceLowerings } from './reduce.js';
import { shapeLowerings } from './shape.js';
import { updateLowerings } from './update.js';

/** Operations that a model's assembly places itself: they are inputs or initializers, not nodes. */
export type SourceKind = 'input' | 'variable' | 'constant' | 'uniform';

const lowerings: Lowerings<Exclude<OpKind, SourceKind>> = {
  ...batchNormLowerings,
  ...convLowerings,
  ...crossEntropyLowerings,
  ...elementwiseLowerings,
  ...poolLowerings,
  ...reduceLowerings,
  ...shapeLowerings,
  ...updateLowerings,
};

/** Adds one of the program's nodes to the model; `names` has the ONNX name of each value so far, and gets those of the node's outputs. */
export function lowerNode<K extends Exclude<OpKind, SourceKind>>(
  model: OnnxModelBuilder,
  program: Program,
  node: ProgramNode<K>,
  names: Map<number, string>,
): void {
  const lower: Lowerings<Exclude<OpKind, SourceKind>>[K] = lowerings[node.kind];
  const outputs = lower({
    model,
    node,
    attributes: node.attributes,
    inputs: node.inputs.map((input) => names.get(input)!),
    inputTypes: node.inputs.map((input) => program.values[input]!),
    outputTypes: node.outputs.map((output) => program.values[output]!),
  });
  node.outputs.forEach((output, i) => {
    names.set(output, outputs[i]!);
  });
}
