import { isInt32Array } from '../realms.js';
import type { OpAttributes, OpKind } from './op.js';
import { inferTypes } from './ops/table.js';
import type { LaterPhase } from './phase.js';
import { buildProgram, type Program } from './program.js';
import type { AnyNode, GraphScope, Node, Tensor } from './tensor.js';
import { type DType, GraphError, type Shape, sameShape, type TensorData } from './tensorType.js';

/**
 * A computation under construction. Tensors come from {@link Graph.input}, {@link Graph.variable} and
 * {@link Graph.constant}; the functions of `ops/` combine them; {@link Graph.program} closes it.
 */
export class Graph implements GraphScope {
  private readonly nodeList: AnyNode[] = [];
  private readonly named = new Map<string, Tensor>();
  private valueCount = 0;
  private phase: LaterPhase | undefined;

  get nodes(): readonly AnyNode[] {
    return this.nodeList;
  }

  /** A tensor that is given at each run. Asking again for the same name returns the same tensor. */
  input(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
    return this.source('input', { name, shape, dtype });
  }

  /** A tensor that lives in the engine under `name`. Asking again for the same name returns the same tensor. */
  variable(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
    return this.source('variable', { name, shape, dtype });
  }

  /** Fixed contents, row-major. */
  constant(data: TensorData, shape: Shape): Tensor {
    return this.emit('constant', { shape, dtype: isInt32Array(data) ? 'i32' : 'f32', data }, [])[0]!;
  }

  /** Random numbers in [0, 1), new at each step; `stream` names them, if a graph has several. */
  uniform(stream: string, shape: Shape): Tensor {
    return this.emit('uniform', { stream, shape }, [])[0]!;
  }

  emit<K extends OpKind>(kind: K, attributes: OpAttributes[K], inputs: readonly Tensor[]): readonly Tensor[] {
    if (inputs.some((input) => input.graph !== this))
      throw new GraphError(`${kind}: an input belongs to another graph`);
    const outputs: Tensor[] = [];
    const node: Node<K> = { kind, attributes, inputs, outputs, ...(this.phase && { phase: this.phase }) };
    const types = inferTypes(kind, attributes, inputs);
    types.forEach(({ shape, dtype }, output) => {
      outputs.push({ id: this.valueCount++, shape, dtype, graph: this, node: node as AnyNode, output });
    });
    this.nodeList.push(node as AnyNode);
    return outputs;
  }

  inPhase<T>(phase: LaterPhase, body: () => T): T {
    const outer = this.phase;
    this.phase = phase;
    try {
      return body();
    } finally {
      this.phase = outer;
    }
  }

  /**
   * The part of the graph that `outputs` and `updates` need, as plain data for an engine.
   *
   * @param outputs tensors to return from each run, by name
   * @param updates new values of variables, by the variable's name, written at the end of each run
   * @throws GraphError when an update does not have its variable's type
   */
  program(
    outputs: Readonly<Record<string, Tensor>>,
    updates: ReadonlyMap<string, Tensor> = new Map(),
  ): Program {
    return buildProgram(this.nodeList, outputs, updates);
  }

  private source<K extends 'input' | 'variable'>(kind: K, attributes: OpAttributes[K]): Tensor {
    const key = `${kind} ${attributes.name}`;
    const known = this.named.get(key);
    if (known && (!sameShape(known.shape, attributes.shape) || known.dtype !== attributes.dtype)) {
      throw new GraphError(`${key} is already there with another shape or type`);
    }
    const tensor = known ?? this.emit(kind, attributes, [])[0]!;
    this.named.set(key, tensor);
    return tensor;
  }
}
