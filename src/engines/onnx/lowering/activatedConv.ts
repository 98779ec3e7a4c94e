import type { Program, ValueId } from '../../../graph/program.js';
import { Usage } from '../../fusion/usage.js';

/** Convolutions whose results only a ReLU reads, which one node computes: by their results those of the ReLUs. */
export function activatedConvs(program: Program): ReadonlyMap<ValueId, ValueId> {
  const { nodes } = program;
  const usage = new Usage(nodes, program);
  return new Map(
    nodes.flatMap((node): (readonly [ValueId, ValueId])[] => {
      if (node.kind !== 'conv2d') return [];
      const user = usage.onlyUserOf(node.outputs[0]!);
      const isRelu = user?.kind === 'unary' && user.attributes.fn === 'relu';
      return isRelu ? [[node.outputs[0]!, user.outputs[0]!]] : [];
    }),
  );
}
