import type { EngineNode } from '../node.js';
import { fusionRule } from '../rule.js';

/** ShuffleNet's unit ends by joining its two halves and shuffling two groups: one copy of each half. */
export const interleave = fusionRule(
  { at: 'channelShuffle', joins: ['concat'], makes: 'interleaveChannels' },
  (node, { usage, values }) => {
    if (node.attributes.groups !== 2) return undefined;
    const concat = usage.makerOf(node.inputs[0]!);
    if (concat?.kind !== 'concat' || concat.attributes.axis !== 1 || concat.inputs.length !== 2)
      return undefined;
    const [a, b] = concat.inputs.map((value) => values[value]!.shape[1]);
    if (a !== b || usage.onlyUserOf(node.inputs[0]!) !== node) return undefined;
    const by: EngineNode<'interleaveChannels'> = {
      kind: 'interleaveChannels',
      attributes: {},
      inputs: concat.inputs,
      outputs: node.outputs,
    };
    return { absorbed: [concat], replaced: node, by };
  },
);

/** The gradient of {@link interleave}: the halves of what is shuffled back are every second channel. */
export const alternate = fusionRule(
  { at: 'slice', joins: [], makes: 'alternateChannels' },
  (node, { usage, values }) => {
    if (node.attributes.axis !== 1) return undefined;
    const shuffle = usage.makerOf(node.inputs[0]!);
    if (shuffle?.kind !== 'channelShuffle') return undefined;
    const half = values[node.inputs[0]!]!.shape[1]! / 2;
    const { start, end } = node.attributes;
    if (shuffle.attributes.groups !== half || end - start !== half || start % half !== 0) return undefined;
    const by: EngineNode<'alternateChannels'> = {
      kind: 'alternateChannels',
      attributes: { start: start === 0 ? 0 : 1 },
      inputs: shuffle.inputs,
      outputs: node.outputs,
    };
    return { absorbed: [], replaced: node, by };
  },
);
