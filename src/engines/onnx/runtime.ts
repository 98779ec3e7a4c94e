import type { ExternalData } from '../../formats/onnx/modelBuilder.js';
import type { Shape, TensorData, TensorType } from '../../graph/tensorType.js';
import type { Name } from './lowering/graphBuilder.js';
import type { Provider } from './providers.js';

/** Options of a session. */
export interface SessionOptions {
  /**
   * Whether ONNX Runtime may optimise the graph, which pays if weights are constants. Models of a
   * training step are written as they should run: optimising made them slower.
   */
  readonly optimise: boolean;
  /** Contents of the model's external tensors. */
  readonly externalData: readonly ExternalData[];
}

/** An output that a run computes. */
export interface Wanted<Tensor> {
  readonly name: Name;
  /** Undefined if unknown before the run. */
  readonly type: TensorType | undefined;
  /** Whether its contents are read right after the run, so that it should lie on the host. */
  readonly toHost: boolean;
  /** A tensor of the same type that is not needed after the run: a runtime may write the result into it. */
  readonly over?: Tensor | undefined;
}

/** A model in a runtime. */
export interface RuntimeSession<Tensor> {
  /**
   * Runs the model once. Feeds are not changed, except those that are also given to be overwritten.
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
  /** Computes on so many threads in sessions that are made from now on; absent where the number is fixed. */
  useThreads?(threads: number): void;
  /** Its resources, such as `2 threads`, for descriptions. */
  readonly resources: string;
  /** The execution provider, with its features. */
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
