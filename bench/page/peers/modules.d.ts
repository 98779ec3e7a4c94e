/** What is used of the peers, which are no dependencies of this package and need not be installed. */

declare module '@tensorflow/tfjs-core' {
  export interface Tensor {
    readonly shape: number[];
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export interface Variable extends Tensor {
    readonly name: string;
    assign(value: Tensor): void;
  }
  type Padding = readonly (readonly [number, number])[];
  type Operand = Tensor | number;

  export const version_core: string;
  export function setBackend(name: string): Promise<boolean>;
  export function tensor(values: Float32Array, shape: readonly number[]): Tensor;
  export function variable(initial: Tensor): Variable;
  export function tidy<T>(body: () => T): T;
  export function keep<T extends Tensor>(tensor: T): T;
  export function add(a: Operand, b: Operand): Tensor;
  export function sub(a: Operand, b: Operand): Tensor;
  export function mul(a: Operand, b: Operand): Tensor;
  export function div(a: Operand, b: Operand): Tensor;
  export function sqrt(x: Tensor): Tensor;
  export function neg(x: Tensor): Tensor;
  export function relu(x: Tensor): Tensor;
  export function logSoftmax(x: Tensor): Tensor;
  export function reshape(x: Tensor, shape: readonly number[]): Tensor;
  export function transpose(x: Tensor, order: readonly number[]): Tensor;
  export function sum(x: Tensor, axes?: readonly number[]): Tensor;
  export function mean(x: Tensor, axes?: readonly number[]): Tensor;
  export function matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  export function pad(x: Tensor, paddings: Padding): Tensor;
  export function concat(parts: readonly Tensor[], axis: number): Tensor;
  export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  export function stridedSlice(
    x: Tensor,
    begin: readonly number[],
    end: readonly number[],
    strides: readonly number[],
  ): Tensor;
  export function avgPool(x: Tensor, size: number, stride: number, padding: 'valid'): Tensor;
  export function conv2d(
    x: Tensor,
    filter: Tensor,
    stride: number,
    padding: Padding,
    layout?: 'NHWC',
    dilation?: number,
  ): Tensor;
  export function reverse(x: Tensor, axes: readonly number[]): Tensor;
  export function conv2dTranspose(
    x: Tensor,
    filter: Tensor,
    shape: readonly number[],
    stride: number,
    padding: Padding,
  ): Tensor;
  /** A function with a gradient of its own. */
  export function customGrad<Inputs extends Tensor[]>(
    rule: (...inputs: [...Inputs, (kept: Tensor[]) => void]) => {
      readonly value: Tensor;
      readonly gradFunc: (dy: Tensor, kept: Tensor[]) => Tensor[];
    },
  ): (...inputs: Inputs) => Tensor;
  export function variableGrads(
    loss: () => Tensor,
    variables: readonly Variable[],
  ): { readonly value: Tensor; readonly grads: Readonly<Record<string, Tensor>> };
}

declare module '@tensorflow/tfjs-core/dist/register_all_gradients';

declare module '@tensorflow/tfjs-backend-wasm' {
  export function setWasmPaths(folder: string): void;
  export function setThreadsCount(threads: number): void;
  export function getThreadsCount(): number;
}

declare module '@jax-js/jax' {
  type Range = [] | [number, number];
  /** Functions use their arguments up: what is used again is given as its `ref`. */
  export interface Array {
    readonly shape: number[];
    readonly ref: Array;
    add(other: Array | number): Array;
    sub(other: Array | number): Array;
    mul(other: Array | number): Array;
    div(other: Array | number): Array;
    sum(): Array;
    reshape(shape: readonly number[]): Array;
    transpose(order: readonly number[]): Array;
    slice(...ranges: (Range | number)[]): Array;
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  interface Numpy {
    array(values: Float32Array): Array;
    full(shape: readonly number[], value: number): Array;
    zeros(shape: readonly number[]): Array;
    sqrt(x: Array): Array;
    mean(x: Array, axes: number | readonly number[], options?: { readonly keepdims: boolean }): Array;
    matmul(a: Array, b: Array): Array;
    pad(x: Array, widths: readonly (readonly [number, number])[]): Array;
    stack(parts: readonly Array[], axis: number): Array;
  }
  interface Activations {
    relu(x: Array): Array;
    logSoftmax(x: Array, axis: number): Array;
  }

  export const numpy: Numpy;
  export const nn: Activations;
  export function init(device: 'wasm'): Promise<string[]>;
  export function defaultDevice(device: 'wasm'): string;
  export function blockUntilReady(values: readonly (readonly Array[])[]): Promise<object>;
  export function jit<Args extends readonly object[], Result>(
    body: (...args: Args) => Result,
  ): ((...args: Args) => Result) & { dispose(): void };
  export function valueAndGrad<First extends object, Rest extends readonly object[]>(
    loss: (first: First, ...rest: Rest) => Array,
  ): (first: First, ...rest: Rest) => [Array, First];
}
