import type { ConvolutionPointers, ConvolutionSpec, StridedTensor } from '../../device.js';
import type { Candidate } from '../algorithms/candidate.js';
import type { CublasLt } from './cublasLt.js';
import { transpose } from './matrix.js';
import {
  type MultiplicationPointers,
  type MultiplicationSpec,
  proposeMultiplications,
} from './multiplication.js';

/**
 * cuBLASLt's algorithms for a convolution whose windows are single pixels: a product with one row for each pixel. There are none for
 * other convolutions.
 *
 * @param only see {@link Candidate.implementation}: the one that is wanted
 */
export function proposePointwise(
  library: CublasLt,
  spec: ConvolutionSpec,
  only?: string,
): Candidate<ConvolutionPointers>[] {
  const product = asProduct(spec);
  if (product === undefined) return [];
  return proposeMultiplications(library, product, only).map((candidate) => ({
    implementation: candidate.implementation,
    workspaceBytes: candidate.workspaceBytes,
    run: (pointers, workspace) => candidate.run(matricesOf(spec, pointers), workspace),
    close: () => candidate.close(),
  }));
}

/** The product that a convolution is; undefined for one that is none, or whose bias cuBLASLt cannot add. */
export function asProduct(spec: ConvolutionSpec): MultiplicationSpec | undefined {
  const { kind, image, filter, result, geometry, arithmetic } = spec;
  const { bias = false, addend = false, activation } = spec.epilogue ?? {};
  const { stride, padding, groups } = geometry;
  const isPointwise = [...filter.shape.slice(2), ...stride].every((size) => size === 1);
  if (!isPointwise || groups !== 1 || padding.some((size) => size !== 0)) return undefined;
  // cuBLASLt adds a bias of its result's type.
  if (bias && result.type !== 'f32') return undefined;
  const [x, y] = [pixels(image), pixels(result)];
  if (x === undefined || y === undefined) return undefined;
  const [outputs, inputs] = [filter.shape[0]!, filter.shape[1]!];
  const w: StridedTensor = { type: filter.type, shape: [outputs, inputs], strides: [filter.strides[0]!, 1] };
  if (inputs > 1 && filter.strides[1] !== 1) return undefined;
  const epilogue = { bias, addend, relu: activation !== undefined };
  const matrices = {
    forward: { a: x, b: transpose(w), c: y },
    inputGrad: { a: y, b: w, c: x },
    weightGrad: { a: transpose(y), b: x, c: w },
  }[kind];
  return { ...matrices, arithmetic, epilogue };
}

/** An image as a matrix with a row for each pixel and a column for each channel; undefined where its pixels are not in rows. */
function pixels({ type, shape, strides }: StridedTensor): StridedTensor | undefined {
  const [count, channels, height, width] = shape as readonly [number, number, number, number];
  const [image, channel, row, column] = strides as readonly [number, number, number, number];
  const pitch = width > 1 ? column : height > 1 ? row : count > 1 ? image : channels;
  const isDense =
    (channels === 1 || channel === 1) &&
    (height === 1 || row === width * pitch) &&
    (count === 1 || image === height * width * pitch);
  if (!isDense || pitch < channels) return undefined;
  return { type, shape: [count * height * width, channels], strides: [pitch, 1] };
}

function matricesOf({ kind }: ConvolutionSpec, pointers: ConvolutionPointers): MultiplicationPointers {
  const { image, filter, result, bias, addend } = pointers;
  const matrices = {
    forward: { a: image, b: filter, c: result },
    inputGrad: { a: result, b: filter, c: image },
    weightGrad: { a: result, b: image, c: filter },
  }[kind];
  return { ...matrices, bias, addend };
}
