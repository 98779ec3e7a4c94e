import { UserError } from '../../../errors.js';
import type { Program, ProgramNode, ValueId } from '../../../graph/program.js';
import type { ComputedKind } from '../../fusion/sources.js';
import { adaptiveLowerings } from './adaptive.js';
import { batchNormLowerings } from './batchNorm.js';
import { convLowerings } from './conv.js';
import { crossEntropyLowerings } from './crossEntropy.js';
import { elementwiseLowerings } from './elementwise.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Lowerings, Value } from './lowering.js';
import { matmulLowerings } from './matmul.js';
import { poolLowerings } from './pooling.js';
import { reduceLowerings } from './reduce.js';
import { sgdLowerings } from './sgd.js';
import { shapeLowerings } from './shape.js';
import { softTargetLowerings } from './softTargets.js';

/** The lowering of every operation that computes. */
const lowerings: Lowerings<ComputedKind> = {
  ...convLowerings,
  ...matmulLowerings,
  ...batchNormLowerings,
  ...elementwiseLowerings,
  ...reduceLowerings,
  ...crossEntropyLowerings,
  ...softTargetLowerings,
  ...poolLowerings,
  ...shapeLowerings,
  ...sgdLowerings,
  ...adaptiveLowerings,
  allReduce: () => {
    throw new UserError('ONNX Runtime cannot combine tensors of several ranks');
  },
};

/**
 * Adds the ONNX nodes of one of a program's nodes.
 *
 * @param names names of values in the model; those of the node's outputs are added
 */
export function lowerNode<K extends ComputedKind>(
  builder: GraphBuilder,
  program: Program,
  node: ProgramNode<K>,
  names: Map<ValueId, Name>,
): void {
  const types = program.values;
  const inputs = node.inputs.map((id): Value => ({ name: names.get(id)!, ...types[id]! }));
  const outputs = node.outputs.map((id) => types[id]!);
  const lowering: Lowerings<ComputedKind>[K] = lowerings[node.kind];
  const results = lowering(node.attributes, inputs, builder, outputs);
  node.outputs.forEach((id, i) => {
    names.set(id, results[i]!);
  });
}
