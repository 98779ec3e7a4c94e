import type { AnyProgramNode, Program, ProgramNode, ValueId } from './program.js';
import { type Shape, sizeOf, type TensorData } from './tensorType.js';

type ConvNode = ProgramNode<'conv2d'>;
type NormNode = ProgramNode<'batchNormInference'>;

/**
 * Folds each batch normalisation of a program in evaluation mode into the convolution before it,
 * γ(w∗x + b − μ)/σ + β = (γw/σ)∗x + (β + γ(b − μ)/σ), or else into one that follows without padding,
 * w∗(sx + t) + b = (ws)∗x + (b + Σwt). Variables become constants. Normalisations without such a convolution,
 * or with another use of the value in between, stay.
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
    const merged = new Map<NormNode, ConvNode>();
    for (const node of this.program.nodes) {
      const conv = node.kind === 'batchNormInference' ? this.convBefore(node) : undefined;
      if (conv && node.kind === 'batchNormInference') merged.set(node, conv);
    }
    const convs = new Set(merged.values());
    const nodes = this.program.nodes.flatMap((node): AnyProgramNode[] => {
      if (node.kind === 'variable') return [this.constant(node.outputs[0]!)];
      if (node.kind === 'batchNormInference') {
        const conv = merged.get(node);
        return conv ? this.merged(conv, node) : [node];
      }
      const norm = node.kind === 'conv2d' && !convs.has(node) ? this.normBefore(node) : undefined;
      return norm && node.kind === 'conv2d' && !merged.has(norm) ? this.absorbed(norm, node) : [node];
    });
    const { outputs } = this.program;
    return { values: this.types, nodes: pruned(nodes, outputs), outputs, updates: {} };
  }

  /** The convolution whose only use is the normalisation, if its weights and the statistics are fixed. */
  private convBefore(norm: NormNode): ConvNode | undefined {
    const producer = this.producers.get(norm.inputs[0]!);
    return producer?.kind === 'conv2d' && this.mayJoin(producer, norm) ? producer : undefined;
  }

  /** The normalisation whose only use is an unpadded convolution, likewise. */
  private normBefore(conv: ConvNode): NormNode | undefined {
    const producer = this.producers.get(conv.inputs[0]!);
    const { padding, groups } = conv.attributes;
    const fits = producer?.kind === 'batchNormInference' && groups === 1 && padding.every((n) => n === 0);
    return fits && this.mayJoin(producer, conv) ? producer : undefined;
  }

  private mayJoin(first: ConvNode | NormNode, second: ConvNode | NormNode): boolean {
    const parameters = [...first.inputs.slice(1), ...second.inputs.slice(1)];
    return this.uses.get(first.outputs[0]!) === 1 && parameters.every((value) => this.constants.has(value));
  }

  private biasOf(conv: ConvNode): TensorData | undefined {
    return conv.inputs[2] === undefined ? undefined : this.constants.get(conv.inputs[2]);
  }

  /** The convolution, then the normalisation. */
  private merged(conv: ConvNode, norm: NormNode): AnyProgramNode[] {
    const { scale, shift } = affineOf(norm, this.constants);
    const bias = this.biasOf(conv);
    const weight = scaledRows(this.constants.get(conv.inputs[1]!)!, scale);
    const newBias = Float32Array.from(shift, (t, c) => t + scale[c]! * (bias?.[c] ?? 0));
    return this.convolution({ ...conv, outputs: norm.outputs }, weight, newBias);
  }

  /** The normalisation, then the convolution. */
  private absorbed(norm: NormNode, conv: ConvNode): AnyProgramNode[] {
    const { scale, shift } = affineOf(norm, this.constants);
    const bias = this.biasOf(conv);
    const old = this.constants.get(conv.inputs[1]!)!;
    const [outputs, inputs, height, width] = this.types[conv.inputs[1]!]!.shape as [
      number,
      number,
      number,
      number,
    ];
    const taps = height * width;
    const weight = old.map((w, i) => w * scale[Math.floor(i / taps) % inputs]!) as Float32Array;
    const newBias = Float32Array.from({ length: outputs }, (_, o) => {
      let sum = bias?.[o] ?? 0;
      for (let i = 0; i < inputs * taps; i++)
        sum += old[o * inputs * taps + i]! * shift[Math.floor(i / taps)]!;
      return sum;
    });
    return this.convolution({ ...conv, inputs: [norm.inputs[0]!, ...conv.inputs.slice(1)] }, weight, newBias);
  }

  private convolution(conv: ConvNode, weight: Float32Array, bias: Float32Array): AnyProgramNode[] {
    const weightId = this.newValue(this.types[conv.inputs[1]!]!.shape, weight);
    const biasId = this.newValue([bias.length], bias);
    const inputs = [conv.inputs[0]!, weightId, biasId];
    return [this.constant(weightId), this.constant(biasId), { ...conv, inputs }];
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

/** s = γ/σ and t = β − sμ of each channel of a normalisation in evaluation mode, whose parameters are constants. */
export function affineOf(
  { inputs, attributes }: NormNode,
  constants: ReadonlyMap<ValueId, TensorData>,
): { scale: Float64Array; shift: Float64Array } {
  const [gamma, beta, mean, variance] = inputs.slice(1).map((value) => constants.get(value)!) as [
    TensorData,
    TensorData,
    TensorData,
    TensorData,
  ];
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + attributes.epsilon));
  return { scale, shift: Float64Array.from(beta, (b, c) => b - scale[c]! * mean[c]!) };
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
export function pruned(nodes: readonly AnyProgramNode[], outputs: Program['outputs']): AnyProgramNode[] {
  const wanted = new Set(Object.values(outputs));
  const kept: AnyProgramNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    for (const input of node.inputs) wanted.add(input);
    kept.push(node);
  }
  return kept.reverse();
}
