import { DataType, OnnxModelBuilder } from '../../formats/onnx/modelBuilder.js';
import type { AnyProgramNode, Program } from '../../graph/program.js';
import type { DType, TensorData, TensorType } from '../../graph/tensorType.js';
import { lowerNode } from './lowering/table.js';

/** A program as an ONNX model. */
export interface AssembledModel {
  readonly bytes: Uint8Array;
  /** Inputs that a run feeds: the program's inputs, its random numbers by stream, and its live variables; by ONNX name. */
  readonly feeds: {
    readonly inputs: Map<string, TensorType>;
    readonly streams: Map<string, TensorType>;
    readonly variables: Map<string, TensorType>;
  };
  /** ONNX name of each of the program's outputs. */
  readonly outputs: Map<string, string>;
  /** ONNX name of each updated variable's new value. */
  readonly updates: Map<string, string>;
  /** Type of each ONNX output. */
  readonly outputTypes: Map<string, TensorType>;
}

/** Prefixes of ONNX input names, which tell apart what a run feeds. */
export const FEED = { input: 'input:', stream: 'uniform:', variable: 'variable:' } as const;

const dataTypes: { readonly [D in DType]: DataType } = { f32: DataType.FLOAT, i32: DataType.INT32 };

type Feeds = AssembledModel['feeds'];

/**
 * Lowers a program to an ONNX model.
 *
 * @param frozen values of variables to build in; variables not in it are inputs of the model
 */
export function assemble(program: Program, frozen: ReadonlyMap<string, TensorData>): AssembledModel {
  const model = new OnnxModelBuilder();
  const names = new Map<number, string>();
  const feeds: Feeds = { inputs: new Map(), streams: new Map(), variables: new Map() };
  for (const node of program.nodes) {
    const source = sourceName(model, node, feeds, frozen);
    if (source !== undefined) names.set(node.outputs[0]!, source);
    else if (!isSource(node)) lowerNode(model, program, node, names);
  }
  const outputs = new OutputNames(model, program, names);
  const outputNames = new Map(
    Object.entries(program.outputs).map(([name, value]) => [name, outputs.nameOf(value)]),
  );
  const updates = new Map(
    Object.entries(program.updates).map(([name, value]) => [name, outputs.ownNameOf(value)]),
  );
  const bytes = model.build('program');
  return { bytes, feeds, outputs: outputNames, updates, outputTypes: outputs.types };
}

function isSource(
  node: AnyProgramNode,
): node is Extract<AnyProgramNode, { kind: 'input' | 'variable' | 'constant' | 'uniform' }> {
  return (
    node.kind === 'input' || node.kind === 'variable' || node.kind === 'constant' || node.kind === 'uniform'
  );
}

/** ONNX name of a source's value; undefined for other nodes. */
function sourceName(
  model: OnnxModelBuilder,
  node: AnyProgramNode,
  feeds: Feeds,
  frozen: ReadonlyMap<string, TensorData>,
): string | undefined {
  if (!isSource(node)) return undefined;
  const feed = (kind: keyof Feeds, name: string, type: TensorType): string => {
    feeds[kind].set(name, type);
    return model.input(name, dataTypes[type.dtype], type.shape);
  };
  switch (node.kind) {
    case 'input':
      return feed('inputs', FEED.input + node.attributes.name, node.attributes);
    case 'uniform':
      return feed('streams', FEED.stream + node.attributes.stream, {
        shape: node.attributes.shape,
        dtype: 'f32',
      });
    case 'constant':
      return model.tensor(dataTypes[node.attributes.dtype], node.attributes.shape, node.attributes.data);
    case 'variable': {
      const { name, shape, dtype } = node.attributes;
      const value = frozen.get(name);
      return value
        ? model.tensor(dataTypes[dtype], shape, value)
        : feed('variables', FEED.variable + name, node.attributes);
    }
  }
}

/** Makes values outputs of the model: each ONNX output is computed by a node, and named once. */
class OutputNames {
  readonly types = new Map<string, TensorType>();
  /** Names of inputs and constants, which later nodes may pass on as their own results. */
  private readonly sources: ReadonlySet<string>;

  constructor(
    private readonly model: OnnxModelBuilder,
    private readonly program: Program,
    private readonly names: ReadonlyMap<number, string>,
  ) {
    const sources = program.nodes.filter(isSource);
    this.sources = new Set(sources.map(({ outputs }) => names.get(outputs[0]!)!));
  }

  /** The output of a value, which several of the program's outputs may share. */
  nameOf(value: number): string {
    const name = this.names.get(value)!;
    return this.types.has(name) ? name : this.ownNameOf(value);
  }

  /** An output of the value that nothing else shares, so that a variable's new buffer is its own. */
  ownNameOf(value: number): string {
    const own = this.names.get(value)!;
    const name = this.sources.has(own) || this.types.has(own) ? this.model.node('Identity', [own]) : own;
    const type = this.program.values[value]!;
    this.types.set(name, type);
    this.model.output(name, dataTypes[type.dtype], type.shape);
    return name;
  }
}
