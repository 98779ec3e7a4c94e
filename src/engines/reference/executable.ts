import type { Communicator } from '../../distributed/communicator.js';
import type { OpAttributes } from '../../graph/op.js';
import type { AnyProgramNode, Program, ValueId } from '../../graph/program.js';
import { sizeOf, type TensorData } from '../../graph/tensorType.js';
import { fillUniform } from '../../random.js';
import type { BackendExecutable, RunOptions } from '../engine.js';
import { type ComputedKind, isSource, type SourceKind } from '../fusion/sources.js';
import { type Dense, floats, type Values } from './kernel.js';
import { runKernel } from './kernels/table.js';
import { type Arithmetic, type ReferenceVariable, toStored, toTensorData, zeros } from './variables.js';

/** The contents of a program's sources during one run. */
interface RunContext {
  readonly inputs: Readonly<Record<string, Values>>;
  readonly options: Required<RunOptions>;
  readonly arithmetic: Arithmetic;
  readonly rank: number;
  readonly variable: (name: string) => Values;
}

const sources: { readonly [K in SourceKind]: (attributes: OpAttributes[K], run: RunContext) => Values } = {
  input: ({ name, shape }, { inputs, arithmetic }) => {
    const data = inputs[name];
    if (data?.length !== sizeOf(shape))
      throw new Error(`the input ${name} has ${data?.length ?? 'no'} values, not ${sizeOf(shape)}`);
    return toStored(data, arithmetic);
  },
  variable: ({ name }, { variable }) => variable(name),
  constant: ({ data }, { arithmetic }) => toStored(data, arithmetic),
  uniform: ({ stream, shape }, { options, arithmetic, rank }) => {
    const numbers = new Float32Array(sizeOf(shape));
    fillUniform(numbers, options.seed, stream, options.step, rank * numbers.length);
    return toStored(numbers, arithmetic);
  },
};

function readSource<K extends SourceKind>(kind: K, attributes: OpAttributes[K], run: RunContext): Values {
  const source: (typeof sources)[K] = sources[kind];
  return source(attributes, run);
}

type ProgramNodeOf<K> = Extract<AnyProgramNode, { readonly kind: K }>;

/** Values that are not needed after each node, by the node's index. */
function lastUses({ nodes, outputs, updates }: Program): ValueId[][] {
  const last = new Map<ValueId, number>();
  nodes.forEach((node, index) => {
    for (const value of [...node.inputs, ...node.outputs]) last.set(value, index);
  });
  for (const value of [...Object.values(outputs), ...Object.values(updates)]) last.delete(value);
  const ends: ValueId[][] = nodes.map(() => []);
  for (const [value, index] of last) ends[index]!.push(value);
  return ends;
}

/** A program on the reference engine: its nodes are computed one after the other. */
export class ReferenceExecutable implements BackendExecutable {
  private readonly ends: readonly (readonly ValueId[])[];

  constructor(
    private readonly program: Program,
    private readonly variables: ReadonlyMap<string, ReferenceVariable>,
    private readonly arithmetic: Arithmetic,
    private readonly communicator: Communicator,
  ) {
    this.ends = lastUses(program);
  }

  /** Runs once, with outputs rounded to 32 bits. */
  run(inputs: Readonly<Record<string, Values>>, options?: RunOptions): Record<string, TensorData> {
    const outputs = Object.entries(this.runExact(inputs, options));
    return Object.fromEntries(outputs.map(([name, value]) => [name, toTensorData(value)]));
  }

  /** Runs once; outputs keep the arithmetic's precision. Inputs may be of 32 or 64 bits and stay the caller's. */
  runExact(
    inputs: Readonly<Record<string, Values>>,
    { seed = 0, step = 0 }: RunOptions = {},
  ): Record<string, Values> {
    const values = this.compute({
      inputs,
      options: { seed, step },
      arithmetic: this.arithmetic,
      rank: this.communicator.rank,
      variable: (name) => this.variables.get(name)!.current,
    });
    const { outputs, updates } = this.program;
    for (const [name, id] of Object.entries(updates)) this.variables.get(name)!.replace(values.get(id)!);
    return Object.fromEntries(Object.entries(outputs).map(([name, id]) => [name, values.get(id)!.slice()]));
  }

  close(): void {}

  private compute(run: RunContext): Map<ValueId, Values> {
    const values = new Map<ValueId, Values>();
    this.program.nodes.forEach((node, index) => {
      if (isSource(node)) values.set(node.outputs[0]!, readSource(node.kind, node.attributes, run));
      else this.computeNode(node, values);
      for (const value of this.ends[index]!) values.delete(value);
    });
    return values;
  }

  private computeNode(node: ProgramNodeOf<ComputedKind>, values: Map<ValueId, Values>): void {
    const types = this.program.values;
    const dense = (id: ValueId): Dense => ({ shape: types[id]!.shape, data: values.get(id)! });
    for (const id of node.outputs) {
      const { shape, dtype } = types[id]!;
      values.set(id, zeros(dtype, sizeOf(shape), this.arithmetic));
    }
    const [inputs, outputs] = [node.inputs.map(dense), node.outputs.map(dense)];
    if (node.kind !== 'allReduce') {
      runKernel(node.kind, node.attributes, inputs, outputs);
      return;
    }
    outputs.forEach(({ data }, i) => {
      data.set(inputs[i]!.data);
    });
    this.communicator.allReduce(outputs.map(floats), node.attributes.fn);
  }
}
