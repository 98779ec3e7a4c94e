import type { LibraryHandle } from 'koffi';
import type {
  Arithmetic,
  ConvolutionPointers,
  ConvolutionSpec,
  Pointer,
  ProductSpec,
  StridedTensor,
} from '../../../../src/engines/cuda/device.js';

/** Numbers of libraries.cpp. */
const ARITHMETIC: Readonly<Record<Arithmetic, number>> = { f32: 0, tf32: 1, bf16: 2 };
const KIND: Readonly<Record<ConvolutionSpec['kind'], number>> = { forward: 0, inputGrad: 1, weightGrad: 2 };

/** Convolutions and products in C++, on memory that has been checked. */
export interface Libraries {
  convolution(spec: BigInt64Array, pointers: ConvolutionPointers): void;
  product(spec: BigInt64Array, a: Pointer, b: Pointer, c: Pointer): void;
}

export function bindLibraries(library: LibraryHandle): Libraries {
  const convolution = library.func(
    'void emulator_convolution(void *, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
  );
  const product = library.func('void emulator_product(void *, uintptr_t, uintptr_t, uintptr_t)');
  return {
    convolution: (spec, { image, filter, result, bias = 0, addend = 0 }) =>
      convolution(spec, image, filter, result, bias, addend),
    product: (spec, a, b, c) => product(spec, a, b, c),
  };
}

/** `Convolution` of libraries.cpp. */
export function encodeConvolution({
  kind,
  arithmetic,
  epilogue,
  geometry,
  ...tensors
}: ConvolutionSpec): BigInt64Array {
  const { stride, padding, dilation, groups } = geometry;
  return integers([
    ...[KIND[kind], ARITHMETIC[arithmetic], epilogue?.activation ? 1 : 0],
    ...[...stride, ...padding, ...dilation, groups],
    ...[tensors.image, tensors.filter, tensors.result].flatMap(encodeTensor),
  ]);
}

/** `Product` of libraries.cpp. */
export function encodeProduct({ arithmetic, a, b, c }: ProductSpec): BigInt64Array {
  return integers([ARITHMETIC[arithmetic], ...[a, b, c].flatMap(encodeTensor)]);
}

function encodeTensor({ type, shape, strides }: StridedTensor): number[] {
  if (type === 'i32') throw new Error('the libraries know no tensors of integers');
  const four = (values: readonly number[], rest: number) => [0, 1, 2, 3].map((axis) => values[axis] ?? rest);
  return [type === 'f32' ? 0 : 1, ...four(shape, 1), ...four(strides, 0)];
}

function integers(values: readonly number[]): BigInt64Array {
  return BigInt64Array.from(values, BigInt);
}

/** Bytes from a tensor's first number to the end of its last. */
export function extentOf({ type, shape, strides }: StridedTensor): number {
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0);
  return (last + 1) * (type === 'bf16' ? 2 : 4);
}
