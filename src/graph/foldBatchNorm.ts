import type { AnyProgramNode, Program, ProgramNode, ValueId } from './program.js';
import { type Shape, sizeOf, type TensorData } from './tensorType.js';

type ConvNode = ProgramNode<'conv2d'>;
type NormNode = ProgramNode<'batchNormInference'>;

/**
 * Folds each batch normalisation of a program in evaluation mode into the convolution before it:
 * γ(w∗x + b − μ)/σ + β = (γw/σ)∗x + (β + γ(b − μ)/σ). Variables become constants. Normalisations that no
 * convolution precedes, or whose convolution's output has another use, stay.
 *
 * @param values of every variable of the program
 */
export function foldBatchNorm(program: Program, values: ReadonlyMap<string, TensorData>): Program {
  return new Folder(program, values).fold();
}

class Folder {
  private readonly types;
  private readonly constants = new Map<ValueId, TensorData>();
  private readonly producers = new Map<ValueId, AnyProgramNode>();
  private readonly uses = new Map<ValueId, number>();

  constructor(
    private readonly program: Program,
    values: ReadonlyMap<string, TensorData>,
  ) {
    this.types = [...program.values];
    for (const node of program.nodes) {
      for (const output of node.outputs) this.producers.set(output, node);
      for (const input of node.inputs) this.uses.set(input, (this.uses.get(input) ?? 0) + 1);
      if (node.kind === 'constant') this.constants.set(node.outputs[0]!, node.attributes.data);
      if (node.kind !== 'variable') continue;
      const value = values.get(node.attributes.name);
      if (!value) throw new Error(`the variable ${node.attributes.name} has no value`);
      this.constants.set(node.outputs[0]!, value);
    }
    for (const value of Object.values(program.outputs)) this.uses.set(value, (this.uses.get(value) ?? 0) + 1);
  }

  fold(): Program {
    const folded = new Map<AnyProgramNode, ConvNode>();
    for (const node of this.program.nodes) {
      const conv = node.kind === 'batchNormInference' ? this.convBefore(node) : undefined;
      if (conv) folded.set(node, conv);
    }
    const replaced = new Set<AnyProgramNode>(folded.values());
    const nodes: AnyProgramNode[] = [];
    for (const node of this.program.nodes) {
      const conv = folded.get(node);
      if (conv && node.kind === 'batchNormInference') nodes.push(...this.merged(conv, node));
      else if (node.kind === 'variable') nodes.push(this.constant(node.outputs[0]!));
      else if (!replaced.has(node)) nodes.push(node);
    }
    return {
      values: this.types,
      nodes: pruned(nodes, this.program.outputs),
      outputs: this.program.outputs,
      updates: {},
    };
  }

  /** The convolution whose only use is the normalisation, if its weights and the statistics are fixed. */
  private convBefore(norm: NormNode): ConvNode | undefined {
    const producer = this.producers.get(norm.inputs[0]!);
    if (producer?.kind !== 'conv2d' || this.uses.get(norm.inputs[0]!) !== 1) return undefined;
    const fixed = [...producer.inputs.slice(1), ...norm.inputs.slice(1)].every((value) =>
      this.constants.has(value),
    );
    return fixed ? producer : undefined;
  }

  private merged(conv: ConvNode, norm: NormNode): AnyProgramNode[] {
    const weight = this.constants.get(conv.inputs[1]!)!;
    const bias = conv.inputs[2] === undefined ? undefined : this.constants.get(conv.inputs[2])!;
    const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((value) => this.constants.get(value)!) as [
      TensorData,
      TensorData,
      TensorData,
      TensorData,
    ];
    const channels = gamma.length;
    const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + norm.attributes.epsilon));
    const newWeight = scaledRows(weight, scale);
    const newBias = Float32Array.from(beta, (b, c) => b + scale[c]! * ((bias?.[c] ?? 0) - mean[c]!));
    const weightId = this.newValue(this.types[conv.inputs[1]!]!.shape, newWeight);
    const biasId = this.newValue([channels], newBias);
    const inputs = [conv.inputs[0]!, weightId, biasId];
    return [this.constant(weightId), this.constant(biasId), { ...conv, inputs, outputs: norm.outputs }];
  }

  private newValue(shape: Shape, data: Float32Array): ValueId {
    if (data.length !== sizeOf(shape)) throw new Error('folded weights do not fill their shape');
    this.constants.set(this.types.length, data);
    return this.types.push({ shape, dtype: 'f32' }) - 1;
  }

  private constant(value: ValueId): AnyProgramNode {
    const attributes = { ...this.types[value]!, data: this.constants.get(value)! };
    return { kind: 'constant', attributes, inputs: [], outputs: [value] };
  }
}

/** Row c of `weight` times scale[c]. */
function scaledRows(weight: TensorData, scale: Float64Array): Float32Array {
  const scaled = new Float32Array(weight.length);
  const length = weight.length / scale.length;
  for (let c = 0; c < scale.length; c++) {
    const factor = scale[c]!;
    for (let i = c * length; i < (c + 1) * length; i++) scaled[i] = weight[i]! * factor;
  }
  return scaled;
}

/** The nodes that outputs depend on. */
function pruned(nodes: readonly AnyProgramNode[], outputs: Program['outputs']): AnyProgramNode[] {
  const wanted = new Set(Object.values(outputs));
  const kept: AnyProgramNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    for (const input of node.inputs) wanted.add(input);
    kept.push(node);
  }
  return kept.reverse();
}
