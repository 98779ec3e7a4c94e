import type { Program, ValueId } from '../../../graph/program.js';
import { sameShape } from '../../../graph/tensorType.js';
import { type AnyPlanNode, type PlanNode, Usage } from './planNode.js';

/** A rewriting: the nodes that are joined into another, that one, and what takes its place. */
interface Fusion {
  readonly absorbed: readonly AnyPlanNode[];
  readonly replaced: AnyPlanNode;
  readonly by: AnyPlanNode;
}

/** A rule that may join a node with another. */
type FusionRule = (node: AnyPlanNode, usage: Usage, program: Program) => Fusion | undefined;

/** relu(batchNorm(x)): the normalisation ends with the ReLU, and remembers where it was 0. */
const batchNormRelu: FusionRule = (node, usage) => {
  if (node.kind !== 'batchNormTrain') return undefined;
  const [y, mean, variance] = node.outputs as [ValueId, ValueId, ValueId];
  const relu = usage.onlyUserOf(y);
  if (relu?.kind !== 'unary' || relu.attributes.fn !== 'relu') return undefined;
  const by: PlanNode<'batchNormRelu'> = {
    kind: 'batchNormRelu',
    attributes: node.attributes,
    inputs: node.inputs,
    outputs: [relu.outputs[0]!, mean, variance],
  };
  return { absorbed: [relu], replaced: node, by };
};

/** The gradient of {@link batchNormRelu}, where the forward pass was joined before. */
const batchNormReluGrad: FusionRule = (node, usage) => {
  if (node.kind !== 'batchNormTrainGrad') return undefined;
  const [dy, ...rest] = node.inputs as [ValueId, ...ValueId[]];
  const relu = usage.makerOf(dy);
  if (relu?.kind !== 'unaryGrad' || relu.attributes.fn !== 'relu' || usage.onlyUserOf(dy) !== node)
    return undefined;
  const forward = usage.makerOf(relu.inputs[1]!);
  if (forward?.kind !== 'batchNormRelu' || forward.outputs[1] !== node.inputs[3]) return undefined;
  const by: PlanNode<'batchNormReluGrad'> = {
    kind: 'batchNormReluGrad',
    attributes: node.attributes,
    inputs: [relu.inputs[0]!, ...rest],
    outputs: node.outputs,
  };
  return { absorbed: [relu], replaced: node, by };
};

/** A convolution as {@link PlanNode}<'conv2dFused'>, if nothing but `user` reads its result and it can take more. */
function openConv(value: ValueId, user: AnyPlanNode, usage: Usage): PlanNode<'conv2dFused'> | undefined {
  const node = usage.makerOf(value);
  if (usage.onlyUserOf(value) !== user) return undefined;
  if (node?.kind === 'conv2dFused') return node.attributes.activation ? undefined : node;
  if (node?.kind !== 'conv2d') return undefined;
  const hasBias = node.inputs.length > 2;
  const attributes = { geometry: node.attributes, hasBias, hasAddend: false, activation: undefined };
  return { kind: 'conv2dFused', attributes, inputs: node.inputs, outputs: node.outputs };
}

/** conv2d(x) + addend. */
const convAdd: FusionRule = (node, usage, { values }) => {
  if (node.kind !== 'binary' || node.attributes.fn !== 'add') return undefined;
  const [a, b] = node.inputs as [ValueId, ValueId];
  if (a === b || !sameShape(values[a]!.shape, values[b]!.shape)) return undefined;
  for (const [value, addend] of [
    [a, b],
    [b, a],
  ] as const) {
    const conv = openConv(value, node, usage);
    if (!conv) continue;
    const by: PlanNode<'conv2dFused'> = {
      kind: 'conv2dFused',
      attributes: { ...conv.attributes, hasAddend: true },
      inputs: [...conv.inputs, addend],
      outputs: node.outputs,
    };
    return { absorbed: [usage.makerOf(value)!], replaced: node, by };
  }
  return undefined;
};

/** activation(conv2d(x)). */
const convActivation: FusionRule = (node, usage) => {
  if (node.kind !== 'unary') return undefined;
  const value = node.inputs[0]!;
  const conv = openConv(value, node, usage);
  if (!conv) return undefined;
  const by: PlanNode<'conv2dFused'> = {
    kind: 'conv2dFused',
    attributes: { ...conv.attributes, activation: node.attributes.fn },
    inputs: conv.inputs,
    outputs: node.outputs,
  };
  return { absorbed: [usage.makerOf(value)!], replaced: node, by };
};

/** relu(batchNorm(x)) in evaluation. */
const batchNormInferenceRelu: FusionRule = (node, usage) => {
  if (node.kind !== 'unary' || node.attributes.fn !== 'relu') return undefined;
  const norm = usage.makerOf(node.inputs[0]!);
  if (norm?.kind !== 'batchNormInference' || usage.onlyUserOf(node.inputs[0]!) !== node) return undefined;
  const by: PlanNode<'batchNormInferenceRelu'> = {
    kind: 'batchNormInferenceRelu',
    attributes: norm.attributes,
    inputs: norm.inputs,
    outputs: node.outputs,
  };
  return { absorbed: [norm], replaced: node, by };
};

/** relu(a + b). */
const addRelu: FusionRule = (node, usage, { values }) => {
  if (node.kind !== 'unary' || node.attributes.fn !== 'relu') return undefined;
  const sum = usage.makerOf(node.inputs[0]!);
  if (sum?.kind !== 'binary' || sum.attributes.fn !== 'add' || usage.onlyUserOf(node.inputs[0]!) !== node)
    return undefined;
  const [a, b] = sum.inputs.map((value) => values[value]!.shape);
  if (!sameShape(a!, b!) || a!.length !== 4) return undefined;
  const by: PlanNode<'addRelu'> = {
    kind: 'addRelu',
    attributes: {},
    inputs: sum.inputs,
    outputs: node.outputs,
  };
  return { absorbed: [sum], replaced: node, by };
};

/** The bias's gradient is a by-product of the weight's. */
const parameterGrad: FusionRule = (node, usage) => {
  if (node.kind !== 'conv2dWeightGrad') return undefined;
  const sum = usage
    .usersOf(node.inputs[0]!)
    .find(
      (user) =>
        user.kind === 'reduce' &&
        user.attributes.fn === 'sum' &&
        !user.attributes.keepDims &&
        [...user.attributes.axes].sort().join() === '0,2,3',
    );
  if (!sum || usage.isReadBefore(sum.outputs[0]!, node)) return undefined;
  const by: PlanNode<'conv2dParameterGrad'> = {
    kind: 'conv2dParameterGrad',
    attributes: node.attributes,
    inputs: node.inputs,
    outputs: [node.outputs[0]!, sum.outputs[0]!],
  };
  return { absorbed: [sum], replaced: node, by };
};

/** a·b + bias. */
const matmulBias: FusionRule = (node, usage, { values }) => {
  if (node.kind !== 'binary' || node.attributes.fn !== 'add') return undefined;
  const [product, bias] = node.inputs as [ValueId, ValueId];
  const matmul = usage.makerOf(product);
  if (matmul?.kind !== 'matmul' || usage.onlyUserOf(product) !== node || product === bias) return undefined;
  if (!sameShape(values[bias]!.shape, values[product]!.shape.slice(1))) return undefined;
  const by: PlanNode<'matmulBias'> = {
    kind: 'matmulBias',
    attributes: matmul.attributes,
    inputs: [...matmul.inputs, bias],
    outputs: node.outputs,
  };
  return { absorbed: [matmul], replaced: node, by };
};

/** ShuffleNet's unit ends by joining its two halves and shuffling two groups: one copy of each half. */
const interleave: FusionRule = (node, usage, { values }) => {
  if (node.kind !== 'channelShuffle' || node.attributes.groups !== 2) return undefined;
  const concat = usage.makerOf(node.inputs[0]!);
  if (concat?.kind !== 'concat' || concat.attributes.axis !== 1 || concat.inputs.length !== 2)
    return undefined;
  const [a, b] = concat.inputs.map((value) => values[value]!.shape[1]);
  if (a !== b || usage.onlyUserOf(node.inputs[0]!) !== node) return undefined;
  const by: PlanNode<'interleaveChannels'> = {
    kind: 'interleaveChannels',
    attributes: {},
    inputs: concat.inputs,
    outputs: node.outputs,
  };
  return { absorbed: [concat], replaced: node, by };
};

/** The gradient of {@link interleave}: the halves of what is shuffled back are every second channel. */
const alternate: FusionRule = (node, usage, { values }) => {
  if (node.kind !== 'slice' || node.attributes.axis !== 1) return undefined;
  const shuffle = usage.makerOf(node.inputs[0]!);
  if (shuffle?.kind !== 'channelShuffle') return undefined;
  const half = values[node.inputs[0]!]!.shape[1]! / 2;
  const { start, end } = node.attributes;
  if (shuffle.attributes.groups !== half || end - start !== half || start % half !== 0) return undefined;
  const by: PlanNode<'alternateChannels'> = {
    kind: 'alternateChannels',
    attributes: { start: start === 0 ? 0 : 1 },
    inputs: shuffle.inputs,
    outputs: node.outputs,
  };
  return { absorbed: [], replaced: node, by };
};

/** x·c for a number c: the node and its parts, if nothing else uses it. */
function scaling(
  value: ValueId,
  user: AnyPlanNode,
  usage: Usage,
): { node: AnyPlanNode; x: ValueId; factor: number } | undefined {
  const node = usage.makerOf(value);
  if (node?.kind !== 'binary' || node.attributes.fn !== 'mul' || usage.onlyUserOf(value) !== user)
    return undefined;
  const [x, c] = node.inputs as [ValueId, ValueId];
  const constant = usage.makerOf(c);
  if (constant?.kind !== 'constant' || constant.attributes.shape.length > 0) return undefined;
  return { node, x, factor: constant.attributes.data[0]! };
}

/** (1 − m)·running + m·batch, the update of running statistics. */
const weightedSum: FusionRule = (node, usage, { values }) => {
  if (node.kind !== 'binary' || node.attributes.fn !== 'add') return undefined;
  const [a, b] = node.inputs.map((value) => scaling(value, node, usage));
  if (!a || !b || a.node === b.node || !sameShape(values[a.x]!.shape, values[b.x]!.shape)) return undefined;
  const by: PlanNode<'weightedSum'> = {
    kind: 'weightedSum',
    attributes: { weights: [a.factor, b.factor] },
    inputs: [a.x, b.x],
    outputs: node.outputs,
  };
  return { absorbed: [a.node, b.node], replaced: node, by };
};

/** In this order: the gradient of the joined normalisation looks for the joined forward pass. */
const rules: readonly FusionRule[] = [
  batchNormRelu,
  batchNormReluGrad,
  convAdd,
  convActivation,
  batchNormInferenceRelu,
  addRelu,
  parameterGrad,
  matmulBias,
  weightedSum,
  interleave,
  alternate,
];

function applyRule(nodes: readonly AnyPlanNode[], rule: FusionRule, program: Program): AnyPlanNode[] {
  const usage = new Usage(nodes, program);
  const gone = new Set<AnyPlanNode>();
  const replacements = new Map<AnyPlanNode, AnyPlanNode>();
  for (const node of nodes) {
    const fusion = rule(node, usage, program);
    if (!fusion || fusion.absorbed.some((other) => gone.has(other) || replacements.has(other))) continue;
    for (const other of fusion.absorbed) gone.add(other);
    replacements.set(fusion.replaced, fusion.by);
  }
  return nodes.filter((node) => !gone.has(node)).map((node) => replacements.get(node) ?? node);
}

/** The nodes whose results somebody uses; inputs are used by the caller. */
function living(nodes: readonly AnyPlanNode[], { outputs, updates }: Program): AnyPlanNode[] {
  const wanted = new Set([...Object.values(outputs), ...Object.values(updates)]);
  const kept: AnyPlanNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (node.kind !== 'input' && !node.outputs.some((output) => wanted.has(output))) continue;
    for (const input of node.inputs) wanted.add(input);
    kept.push(node);
  }
  return kept.reverse();
}

/** A program's nodes, joined where one primitive computes several. */
export function fuse(program: Program): AnyPlanNode[] {
  const joined = rules.reduce<AnyPlanNode[]>(
    (nodes, rule) => applyRule(nodes, rule, program),
    [...program.nodes],
  );
  return living(joined, program);
}
