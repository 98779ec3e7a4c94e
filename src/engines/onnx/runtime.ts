import type { ExternalData } from '../../formats/onnx/modelBuilder.js';
import type { Shape, TensorData, TensorType } from '../../graph/tensorType.js';
import type { Name } from './lowering/graphBuilder.js';
import type { Provider } from './providers.js';

/** How a model is run. */
export interface SessionOptions {
  /**
   * Whether ONNX Runtime may rewrite the model, which pays where weights are constants. Models of a
   * training step are written as they should run: rewriting made them slower.
   */
  readonly optimise: boolean;
  /** Contents of the tensors that the model refers to. */
  readonly externalData: readonly ExternalData[];
}

/** An output that a run is to compute. */
export interface Wanted<Tensor> {
  readonly name: Name;
  /** Undefined where nobody knows it before the run. */
  readonly type: TensorType | undefined;
  /** Whether its contents are read right after the run, so that it should lie on the host. */
  readonly toHost: boolean;
  /** A tensor of the same type that nobody needs after the run: a runtime may write the result over it. */
  readonly over?: Tensor | undefined;
}

/** A model in a runtime. */
export interface RuntimeSession<Tensor> {
  /**
   * Runs the model once. Feeds stay as they are, but for those that are also to be written over.
   *
   * @param feeds every input of the model by name
   * @returns the results in the order of `wanted`, which belong to the caller: tensors of their own, or the `over`
   *   that they were written to
   */
  run(feeds: Readonly<Record<Name, Tensor>>, wanted: readonly Wanted<Tensor>[]): Promise<Tensor[]>;
  /** Frees the session. */
  release(): Promise<void>;
}

/**
 * An adapter of one of ONNX Runtime's packages: what differs between Node and a page. It decides who owns memory.
 *
 * @typeParam Tensor the package's tensor, on the host or on a device
 */
export interface OnnxRuntime<Tensor> {
  /** The package and its version, for descriptions. */
  readonly name: string;
  /** What it computes with, such as `2 threads`, for descriptions. */
  readonly resources: string;
  /** What executes nodes, with what it has. */
  readonly provider: Provider;
  /**
   * Whether a result is written over the tensor that a run is given for it. Where it is not, tensors that are
   * replaced are disposed of at once.
   */
  readonly writesOver: boolean;
  /** A tensor of given contents; the array belongs to it from then on. */
  tensor(data: TensorData | Uint8Array, shape: Shape): Tensor;
  /** A copy of a tensor's contents. */
  read(tensor: Tensor): TensorData | Promise<TensorData>;
  /** The contents of a tensor that nobody needs after this: its own memory where that is an array, or a copy, and it is disposed of. */
  take(tensor: Tensor): TensorData | Promise<TensorData>;
  /** Frees the memory of a tensor that no run uses any more. */
  dispose(tensor: Tensor): void;
  /** Makes a session of a model. */
  session(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<Tensor>>;
}
