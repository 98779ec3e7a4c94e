import type { ExternalData } from '../../../formats/onnx/modelBuilder.js';
import type { AnyProgramNode, Program, ValueId } from '../../../graph/program.js';
import type { DType, Shape } from '../../../graph/tensorType.js';
import { isSource, type SourceKind } from '../../fusion/sources.js';
import type { Provider } from '../providers.js';
import { activatedConvs } from './activatedConv.js';
import { convRelu } from './conv.js';
import { dataTypes, GraphBuilder, type Name } from './graphBuilder.js';
import { inPlaceTest } from './inPlace.js';
import type { Value } from './lowering.js';
import { inOrder } from './nodeOrder.js';
import { lowerNode } from './table.js';

/** Source of a model input's contents. */
export type FeedSource =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'uniform'; readonly stream: string };

/** An input tensor of a run of the model. */
export interface Feed {
  readonly model: Name;
  readonly source: FeedSource;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** An output tensor of a run of the model: an output of the program, or a variable's new value. */
export interface Fetch {
  readonly model: Name;
  readonly target:
    | { readonly kind: 'output'; readonly name: string }
    | {
        readonly kind: 'update';
        readonly name: string;
        /** Whether it may overwrite the variable's current value. */
        readonly inPlace: boolean;
      };
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A program as an ONNX model. */
export interface LoweredProgram {
  /** The model's file. */
  readonly bytes: Uint8Array;
  /** Its large constants. */
  readonly externalData: readonly ExternalData[];
  readonly feeds: readonly Feed[];
  readonly fetches: readonly Fetch[];
}

/** Constants of at least this size are passed beside the model. */
const EXTERNAL_BYTES = 4096;

/** The last version whose AveragePool is ONNX Runtime's fast one: from 19 on, with dilations, it takes four times as long. */
const OPSET = 18;

type NodeOf<K> = Extract<AnyProgramNode, { readonly kind: K }>;

/** The lowering of one program. */
class ProgramLowering {
  private readonly builder: GraphBuilder;
  private readonly names = new Map<ValueId, Name>();
  private readonly feeds: Feed[] = [];
  /** Input gradients by the value they read, which an update in place has to wait for. */
  private readonly gradientsOf = new Map<ValueId, ValueId[]>();
  /** Results of convolutions that are computed together with the ReLU after them, and the ReLUs' results. */
  private readonly activated: ReadonlyMap<ValueId, ValueId>;

  constructor(
    private readonly program: Program,
    features: Provider,
  ) {
    this.builder = new GraphBuilder(features, EXTERNAL_BYTES, OPSET);
    this.activated = features.fusedConv ? activatedConvs(program) : new Map();
    const waitedFor = features.updatesInPlace ? program.nodes : [];
    for (const { kind, inputs, outputs } of waitedFor)
      if (kind === 'conv2dInputGrad')
        for (const value of new Set(inputs))
          this.gradientsOf.set(value, [...(this.gradientsOf.get(value) ?? []), outputs[0]!]);
  }

  lower(): LoweredProgram {
    inOrder(this.program).forEach((node, index) => {
      this.builder.scope = `${node.kind}.${index}`;
      if (isSource(node)) this.names.set(node.outputs[0]!, this.source(node));
      else if (node.kind === 'sgdUpdate') this.update(node);
      else if (node.kind === 'conv2d' && this.activated.has(node.outputs[0]!)) this.activatedConv(node);
      // A ReLU that a convolution has computed has a name already.
      else if (!this.names.has(node.outputs[0]!)) lowerNode(this.builder, this.program, node, this.names);
    });
    const fetches = this.fetches();
    for (const { model, dtype, shape } of fetches) this.builder.output(model, dataTypes[dtype], shape);
    const { externalData } = this.builder;
    return { bytes: this.builder.build('program'), externalData, feeds: this.feeds, fetches };
  }

  /**
   * An update after the gradients that read the variable, so that it may be written over it. The learning
   * rate is what waits: it takes the shape [] from their results' shapes. For gradients that come later (of a
   * loss that depends on the update, say) it does not wait, and is not written over the variable.
   */
  private update(node: NodeOf<'sgdUpdate'>): void {
    const [variable, , , rate] = node.inputs as [ValueId, ValueId, ValueId, ValueId];
    const { names, builder } = this;
    const plain = names.get(rate)!;
    for (const id of this.gradientsOf.get(variable) ?? []) {
      const gradient = names.get(id);
      if (gradient === undefined) continue;
      const nothing = builder.op('Shape', [gradient], { start: 0, end: 0 });
      names.set(rate, builder.op('Reshape', [names.get(rate)!, nothing]));
    }
    lowerNode(builder, this.program, node, names);
    names.set(rate, plain);
  }

  /** A convolution and the ReLU after it, which is then known by its result. */
  private activatedConv({ attributes, inputs, outputs: [conv] }: NodeOf<'conv2d'>): void {
    const types = this.program.values;
    const [x, weight, bias] = inputs.map((id): Value => ({ name: this.names.get(id)!, ...types[id]! }));
    const operands = bias ? ([x!, weight!, bias] as const) : ([x!, weight!] as const);
    this.names.set(this.activated.get(conv!)!, convRelu(this.builder, attributes, operands, types[conv!]!));
  }

  private source(one: NodeOf<SourceKind>): Name {
    switch (one.kind) {
      case 'constant':
        return this.builder.constant(one.attributes.data, one.attributes.shape);
      case 'uniform': {
        const { stream, shape } = one.attributes;
        return this.feed({ kind: 'uniform', stream }, shape, 'f32');
      }
      case 'input': {
        const { name, shape, dtype } = one.attributes;
        return this.feed({ kind: 'input', name }, shape, dtype);
      }
      case 'variable': {
        const { name, shape, dtype } = one.attributes;
        return this.feed({ kind: 'variable', name }, shape, dtype);
      }
    }
  }

  private feed(source: FeedSource, shape: Shape, dtype: DType): Name {
    const model = this.builder.input(`x${this.feeds.length}`, dataTypes[dtype], shape);
    this.feeds.push({ model, source, shape, dtype });
    return model;
  }

  /** Outputs of the model, each under a name of its own: an Identity gives one to inputs, constants and values that are asked for twice. */
  private fetches(): Fetch[] {
    const sources = this.program.nodes.filter(isSource);
    const taken = new Set(sources.map(({ outputs }) => this.names.get(outputs[0]!)!));
    this.builder.scope = 'output';
    const outputOf = (id: ValueId): Pick<Fetch, 'model' | 'shape' | 'dtype'> => {
      const value = this.names.get(id)!;
      const model = taken.has(value) ? this.builder.op('Identity', [value]) : value;
      taken.add(model);
      return { model, ...this.program.values[id]! };
    };
    const { outputs, updates } = this.program;
    const results = Object.entries(outputs).map(
      ([name, id]): Fetch => ({ ...outputOf(id), target: { kind: 'output', name } }),
    );
    const written = Object.entries(updates).map(([name, id]) => ({ name, ...outputOf(id) }));
    const isInPlace = this.builder.features.updatesInPlace
      ? inPlaceTest(this.builder.allNodes())
      : () => false;
    const feedOf = new Map(
      this.feeds.flatMap(({ source, model }) => (source.kind === 'variable' ? [[source.name, model]] : [])),
    );
    return [
      ...results,
      ...written.map(({ name, ...output }): Fetch => {
        const feed = feedOf.get(name);
        const inPlace = feed !== undefined && isInPlace(feed, output.model);
        return { ...output, target: { kind: 'update', name, inPlace } };
      }),
    ];
  }
}

/** Converts a program to an ONNX model. */
export function lowerProgram(program: Program, features: Provider): LoweredProgram {
  return new ProgramLowering(program, features).lower();
}
