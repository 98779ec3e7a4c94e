import { type AttributeValue, DataType, OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { NodeProto } from '../../../formats/onnx/onnx_pb.js';
import { takesAxesAsInput } from '../../../formats/onnx/opsets.js';
import type { DType, Shape, TensorData } from '../../../graph/tensorType.js';
import { isInt32Array } from '../../../realms.js';
import type { Provider } from '../providers.js';

/** Name of a value in an ONNX graph. */
export type Name = string;

/** ONNX Runtime's own operators. */
export const MICROSOFT = 'com.microsoft';
/** ONNX Runtime's operators on the blocked layout [N, C/b, H, W, b], which its optimised models use. */
export const NCHWC = 'com.microsoft.nchwc';

/** The format's numbers of element types. */
export const dataTypes: { readonly [D in DType]: DataType } = { f32: DataType.FLOAT, i32: DataType.INT32 };

/** Where a slice begins and ends along each of its axes, and its steps (default 1). */
export interface SliceRange {
  readonly axes: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly steps?: readonly number[];
}

type Attributes = Readonly<Record<string, AttributeValue>>;

/** An ONNX model under construction, with what lowerings need often. */
export class GraphBuilder extends OnnxModelBuilder {
  /** Prefix of the names of nodes: the operation that they come from. */
  scope = '';
  private readonly prepared: NodeProto[] = [];
  private readonly made = new Map<string, Name>();

  /**
   * @param features what lowerings may make use of; its block size is undefined where ONNX Runtime is left to choose
   *   layouts by itself, as with weights that are constants
   * @param externalBytes size from which constants are kept out of the model (default: none is)
   * @param opset version of the standard operator set (default: the highest)
   */
  constructor(
    readonly features: Provider,
    externalBytes?: number,
    opset?: number,
  ) {
    super(externalBytes, opset);
  }

  protected override nodeName(opType: string): string {
    return this.fresh(`${this.scope}/${opType}`);
  }

  /** All nodes, prepared ones first. */
  override allNodes(): NodeProto[] {
    return [...this.prepared, ...this.nodes];
  }

  /**
   * Adds what `make` adds before all other nodes, for values that depend on inputs of the model alone.
   * ONNX Runtime's order of execution visits a node's later inputs first, so that what stands first in
   * the model is computed last, right before its use: a filter is not held in memory from the beginning on.
   */
  prepare(make: () => Name): Name {
    const outer = this.nodes;
    this.nodes = this.prepared;
    const name = make();
    this.nodes = outer;
    return name;
  }

  /** Adds a node with one output. */
  op(operator: string, inputs: readonly Name[], attributes: Attributes = {}, domain?: string): Name {
    return this.nodeMulti(operator, inputs, attributes, 1, domain)[0]!;
  }

  /** Adds a constant of the program. */
  constant(data: TensorData, shape: Shape): Name {
    return this.tensor(isInt32Array(data) ? DataType.INT32 : DataType.FLOAT, shape, data);
  }

  /** What `make` adds, the first time that `key` is asked for. */
  once(key: string, make: () => Name): Name {
    const name = this.made.get(key) ?? make();
    this.made.set(key, name);
    return name;
  }

  /** Zeros, made at run time so that they take no room in the model. */
  zeros(shape: Shape): Name {
    return this.op('ConstantOfShape', [this.ints(shape)]);
  }

  /** An f32 vector of one number; one for each length and number. */
  filled(value: number, length: number): Name {
    return this.once(`${length} times ${value}`, () =>
      this.constant(new Float32Array(length).fill(value), [length]),
    );
  }

  reshape(x: Name, shape: Shape): Name {
    return this.op('Reshape', [x, this.ints(shape)]);
  }

  transpose(x: Name, perm: readonly number[]): Name {
    return this.op('Transpose', [x], { perm });
  }

  concat(parts: readonly [Name, ...Name[]], axis: number): Name {
    return parts.length === 1 ? parts[0] : this.op('Concat', parts, { axis });
  }

  /** A reduction over `axes`, which disappear unless `keepDims`. */
  reduce(operator: string, x: Name, axes: readonly number[], keepDims = false): Name {
    const keepdims = keepDims ? 1 : 0;
    return takesAxesAsInput(operator, this.opset)
      ? this.op(operator, [x, this.ints(axes)], { keepdims })
      : this.op(operator, [x], { axes, keepdims });
  }

  /** Zeros put before and after each axis; negative numbers cut. */
  pad(x: Name, before: readonly number[], after: readonly number[]): Name {
    return before.every((size, axis) => size === 0 && after[axis] === 0)
      ? x
      : this.op('Pad', [x, this.ints([...before, ...after])]);
  }

  /** A part of x. */
  slice(x: Name, { axes, starts, ends, steps }: SliceRange): Name {
    const inputs = [x, this.ints(starts), this.ints(ends), this.ints(axes)];
    return this.op('Slice', steps ? [...inputs, this.ints(steps)] : inputs);
  }
}
