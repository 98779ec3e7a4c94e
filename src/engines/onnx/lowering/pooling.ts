import type { Pair, PoolGeometry } from '../../../graph/op.js';
import { adaptiveWindow } from '../../../graph/ops/pooling.js';
import { sizeOf, type TensorType } from '../../../graph/tensorType.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import { dimensions4, type Lowerings, type Value } from './lowering.js';

type Window = readonly [start: number, end: number];

/**
 * Averages along one axis as a matrix [outputs, size]: row i has 1/length over window i.
 *
 * @param lengths what each window is divided by
 */
interface Averages {
  readonly windows: readonly Window[];
  readonly size: number;
  readonly lengths: readonly number[];
}

function slidingAverages(
  axis: 0 | 1,
  { kernel, stride, padding }: PoolGeometry,
  size: number,
  outputs: number,
): Averages {
  const windows = Array.from({ length: outputs }, (_, i): Window => {
    const start = i * stride[axis] - padding[axis];
    return [Math.max(0, start), Math.min(size, start + kernel[axis])];
  });
  return { windows, size, lengths: windows.map(() => kernel[axis]) };
}

function adaptiveAverages(size: number, outputs: number): Averages {
  const windows = Array.from({ length: outputs }, (_, i) => adaptiveWindow(i, size, outputs));
  return { windows, size, lengths: windows.map(([start, end]) => end - start) };
}

/** The averaging matrix, [outputs, size]. */
function matrix(b: GraphBuilder, { windows, size, lengths }: Averages): Name {
  const key = `averages ${size} ${windows.flat().join()} ${lengths.join()}`;
  return b.once(key, () => {
    const data = new Float32Array(windows.length * size);
    windows.forEach(([start, end], row) => {
      data.fill(1 / lengths[row]!, row * size + start, row * size + end);
    });
    return b.constant(data, [windows.length, size]);
  });
}

/** The averaging matrix's transpose, [size, outputs]. */
function transposed(b: GraphBuilder, averages: Averages): Name {
  const name = matrix(b, averages);
  return b.once(`transpose of ${name}`, () => b.transpose(name, [1, 0]));
}

/** Pooling is separable: average rows and columns, Y = R·X·Cᵀ for each image. */
function average(b: GraphBuilder, x: Name, [rows, columns]: readonly [Averages, Averages]): Name {
  return b.op('MatMul', [matrix(b, rows), b.op('MatMul', [x, transposed(b, columns)])]);
}

/** Its gradient: dX = Rᵀ·dY·C. */
function spread(b: GraphBuilder, dy: Name, [rows, columns]: readonly [Averages, Averages]): Name {
  return b.op('MatMul', [b.op('MatMul', [transposed(b, rows), dy]), matrix(b, columns)]);
}

/** Whether windows lie side by side and cover the whole image, each element in one of them. */
function tiles({ kernel, stride, padding }: PoolGeometry, [h, w]: Pair): boolean {
  return (
    kernel[0] === stride[0] &&
    kernel[1] === stride[1] &&
    padding[0] + padding[1] === 0 &&
    h % kernel[0] === 0 &&
    w % kernel[1] === 0
  );
}

/** The gradient of averages of such windows: each element has its share, so the image of shares is enlarged. */
function enlarged(b: GraphBuilder, dy: Name, [height, width]: Pair): Name {
  const share = b.op('Mul', [dy, b.scalar(1 / (height * width))]);
  const scales = b.constant(Float32Array.of(1, 1, height, width), [4]);
  const attributes = {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  };
  return b.op('Resize', [share, '', scales], attributes);
}

function adaptive([h, w]: Pair, outputSize: Pair): readonly [Averages, Averages] {
  return [adaptiveAverages(h, outputSize[0]), adaptiveAverages(w, outputSize[1])];
}

function windowAttributes({ kernel, stride, padding }: PoolGeometry) {
  return { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding] };
}

/**
 * Each gradient is added at the place of its window's maximum. The places are found again: kept from the forward
 * pass, they would take twice the memory of what was pooled.
 */
function maxPoolGradient(
  b: GraphBuilder,
  geometry: PoolGeometry,
  [dy, x]: readonly [Value, Value],
  dx: TensorType,
): Name {
  const count = sizeOf(dx.shape);
  const [, places] = b.nodeMulti('MaxPool', [x.name], windowAttributes(geometry), 2);
  const flat = (name: Name): Name => b.reshape(name, [sizeOf(dy.shape)]);
  const updates = [b.zeros([count]), flat(places!), flat(dy.name)];
  return b.reshape(b.op('ScatterElements', updates, { axis: 0, reduction: 'add' }), dx.shape);
}

/** Lowerings of pooling. */
export const poolLowerings: Lowerings<
  | 'avgPool2d'
  | 'avgPool2dGrad'
  | 'maxPool2d'
  | 'maxPool2dGrad'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: (geometry, [x], b) => [
    b.op('AveragePool', [x!.name], { ...windowAttributes(geometry), count_include_pad: 1 }),
  ],
  avgPool2dGrad: (geometry, [dy], b, [dx]) => {
    const [, , h, w] = dimensions4(dx);
    const [, , oh, ow] = dimensions4(dy);
    if (tiles(geometry, [h, w])) return [enlarged(b, dy!.name, geometry.kernel)];
    return [spread(b, dy!.name, [slidingAverages(0, geometry, h, oh), slidingAverages(1, geometry, w, ow)])];
  },
  maxPool2d: (geometry, [x], b) => [b.op('MaxPool', [x!.name], windowAttributes(geometry))],
  maxPool2dGrad: (geometry, [dy, x], b, [dx]) => [maxPoolGradient(b, geometry, [dy!, x!], dx!)],
  adaptiveAvgPool2d: ({ outputSize }, [x], b) => {
    const [, , h, w] = dimensions4(x);
    return [average(b, x!.name, adaptive([h, w], outputSize))];
  },
  adaptiveAvgPool2dGrad: ({ outputSize, inputShape }, [dy], b) => {
    const [, , h, w] = dimensions4({ shape: inputShape, dtype: 'f32' });
    return [spread(b, dy!.name, adaptive([h, w], outputSize))];
  },
};
