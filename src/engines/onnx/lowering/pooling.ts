import { DataType, type OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { PoolGeometry } from '../../../graph/op.js';
import { adaptiveWindow } from '../../../graph/ops/pooling.js';
import type { Shape } from '../../../graph/tensorType.js';
import { type LoweringInput, type Lowerings, reshaped } from './context.js';

function poolAttributes({
  kernel,
  stride,
  padding: [ph, pw],
}: PoolGeometry): Record<string, number | readonly number[]> {
  return { kernel_shape: kernel, strides: stride, pads: [ph, pw, ph, pw], count_include_pad: 1 };
}

/** Windows that tile the input: each gradient is spread over its window by repetition. */
function spreadTiles({ model, attributes, inputs, inputTypes }: LoweringInput<'avgPool2dGrad'>): string[] {
  const [kh, kw] = attributes.kernel;
  const [n, c, h, w] = inputTypes[0]!.shape as [number, number, number, number];
  const share = model.node('Div', [inputs[0]!, model.scalar(kh * kw)]);
  const open = reshaped(model, share, [n, c, h, 1, w, 1]);
  const spread = model.node('Expand', [open, model.ints([n, c, h, kh, w, kw])]);
  return [reshaped(model, spread, attributes.inputShape)];
}

/** Any windows: a depthwise transposed convolution with 1/(kh·kw). */
function spreadWindows({ model, attributes, inputs, inputTypes }: LoweringInput<'avgPool2dGrad'>): string[] {
  const { kernel, stride, padding, inputShape } = attributes;
  const channels = inputShape[1]!;
  const share = new Float32Array(channels * kernel[0] * kernel[1]).fill(1 / (kernel[0] * kernel[1]));
  const weight = model.tensor(DataType.FLOAT, [channels, 1, ...kernel], share);
  const missing = [0, 1].map((axis) => {
    const covered =
      (inputTypes[0]!.shape[axis + 2]! - 1) * stride[axis]! - 2 * padding[axis]! + kernel[axis]!;
    return inputShape[axis + 2]! - covered;
  });
  const pads = [...padding, ...padding];
  const attributesOfConv = {
    kernel_shape: kernel,
    strides: stride,
    pads,
    group: channels,
    output_padding: missing,
  };
  return [model.node('ConvTranspose', [inputs[0]!, weight], attributesOfConv)];
}

function tiles({ kernel, stride, padding, inputShape }: PoolGeometry & { inputShape: Shape }): boolean {
  return [0, 1].every(
    (axis) =>
      kernel[axis] === stride[axis] && padding[axis] === 0 && inputShape[axis + 2]! % kernel[axis]! === 0,
  );
}

/** Averaging matrix [bins, size] of adaptive pooling along one axis. */
function averagingMatrix(size: number, bins: number): Float32Array {
  const matrix = new Float32Array(bins * size);
  for (let bin = 0; bin < bins; bin++) {
    const [start, end] = adaptiveWindow(bin, size, bins);
    matrix.fill(1 / (end - start), bin * size + start, bin * size + end);
  }
  return matrix;
}

function transposedMatrix(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Rows·x·columns with the averaging matrices of both axes, or their transposes. */
function averaged(
  model: OnnxModelBuilder,
  x: string,
  rows: [Float32Array, Shape],
  columns: [Float32Array, Shape],
): string {
  const right = model.node('MatMul', [x, model.tensor(DataType.FLOAT, columns[1], columns[0])]);
  return model.node('MatMul', [model.tensor(DataType.FLOAT, rows[1], rows[0]), right]);
}

/** Lowerings of pooling. */
export const poolLowerings: Lowerings<
  'avgPool2d' | 'avgPool2dGrad' | 'adaptiveAvgPool2d' | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: ({ model, attributes, inputs }) => [
    model.node('AveragePool', inputs, poolAttributes(attributes)),
  ],
  avgPool2dGrad: (input) => (tiles(input.attributes) ? spreadTiles(input) : spreadWindows(input)),
  adaptiveAvgPool2d: ({ model, attributes, inputs, inputTypes }) => {
    const [h, w] = inputTypes[0]!.shape.slice(2) as [number, number];
    const [oh, ow] = attributes.outputSize;
    const columns = transposedMatrix(averagingMatrix(w, ow), ow, w);
    return [averaged(model, inputs[0]!, [averagingMatrix(h, oh), [oh, h]], [columns, [w, ow]])];
  },
  adaptiveAvgPool2dGrad: ({ model, attributes, inputs }) => {
    const [h, w] = attributes.inputShape.slice(2) as [number, number];
    const [oh, ow] = attributes.outputSize;
    const rows = transposedMatrix(averagingMatrix(h, oh), oh, h);
    return [averaged(model, inputs[0]!, [rows, [h, oh]], [averagingMatrix(w, ow), [ow, w]])];
  },
};
