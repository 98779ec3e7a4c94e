import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConvolutionSpec, StridedTensor } from '../../../../src/engines/cuda/device.js';
import { columnMajor, transpose } from '../../../../src/engines/cuda/native/cublaslt/matrix.js';
import { asProduct } from '../../../../src/engines/cuda/native/cublaslt/pointwiseConvolution.js';

/** An image with the channel last, whose pixels start so many elements apart. */
function image(shape: readonly [number, number, number, number], pitch = shape[1]): StridedTensor {
  const [, , height, width] = shape;
  return { type: 'f32', shape, strides: [height * width * pitch, 1, width * pitch, pitch] };
}

const geometry: ConvolutionSpec['geometry'] = {
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
};

const spec: ConvolutionSpec = {
  kind: 'forward',
  image: image([2, 3, 2, 4], 5),
  filter: image([6, 3, 1, 1]),
  result: image([2, 6, 2, 4], 7),
  geometry,
  arithmetic: 'f32',
};

/** Where an element of a tensor is. */
function place({ strides }: StridedTensor, index: readonly number[]): number {
  return index.reduce((sum, value, axis) => sum + value * strides[axis]!, 0);
}

/** Products that are added to each element of a matrix: where they are in a and b, by where the element is. */
function terms(of: { a: StridedTensor; b: StridedTensor; c: StridedTensor }): Set<string> {
  const found = new Set<string>();
  const [rows, columns, depth] = [of.a.shape[0]!, of.b.shape[1]!, of.a.shape[1]!];
  assert.deepEqual([of.b.shape[0], of.c.shape], [depth, [rows, columns]]);
  for (let m = 0; m < rows; m++)
    for (let n = 0; n < columns; n++)
      for (let k = 0; k < depth; k++)
        found.add([place(of.c, [m, n]), place(of.a, [m, k]), place(of.b, [k, n])].join());
  return found;
}

/** The same of a convolution of single pixels: where the terms are in image, filter and result. */
function convolved({ image, filter, result }: ConvolutionSpec): number[][] {
  const found: number[][] = [];
  const [count, inputs, height, width] = image.shape as [number, number, number, number];
  for (let n = 0; n < count; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let o = 0; o < result.shape[1]!; o++)
          for (let i = 0; i < inputs; i++)
            found.push([
              place(image, [n, i, y, x]),
              place(filter, [o, i, 0, 0]),
              place(result, [n, o, y, x]),
            ]);
  return found;
}

describe('a convolution of single pixels as a product', () => {
  it('adds the same numbers, in each direction, over pixels of any pitch', () => {
    const order = { forward: [2, 0, 1], inputGrad: [0, 2, 1], weightGrad: [1, 2, 0] } as const;
    for (const kind of ['forward', 'inputGrad', 'weightGrad'] as const) {
      const expected = convolved(spec).map((each) => order[kind].map((role) => each[role]!).join());
      assert.deepEqual(terms(asProduct({ ...spec, kind })!), new Set(expected), kind);
    }
  });

  it('is none with strides, padding, groups, larger windows or pixels that are not in rows', () => {
    const others: Partial<ConvolutionSpec>[] = [
      { geometry: { ...geometry, stride: [2, 1] } },
      { geometry: { ...geometry, padding: [0, 1] } },
      { geometry: { ...geometry, groups: 3 } },
      { filter: image([6, 3, 1, 2]) },
      { image: { ...spec.image, strides: [24, 8, 4, 1] } },
      { image: { ...spec.image, strides: [50, 1, 20, 5] } },
    ];
    for (const other of others) assert.equal(asProduct({ ...spec, ...other }), undefined);
    assert.ok(asProduct(spec));
  });

  it('takes the addend and relu, and a bias where the result is f32', () => {
    const epilogue = { bias: true, addend: true, activation: { fn: 'relu' } } as const;
    assert.deepEqual(asProduct({ ...spec, epilogue })!.epilogue, { bias: true, addend: true, relu: true });
    const result: StridedTensor = { ...spec.result, type: 'bf16' };
    assert.equal(asProduct({ ...spec, epilogue, result }), undefined);
    assert.deepEqual(asProduct({ ...spec, epilogue: { ...epilogue, bias: false }, result })!.epilogue, {
      ...{ bias: false, addend: true, relu: true },
    });
  });
});

describe('a matrix column by column', () => {
  it('is the transpose of one that is row by row', () => {
    const matrix: StridedTensor = { type: 'f32', shape: [3, 5], strides: [8, 1] };
    assert.deepEqual(columnMajor(matrix), { rows: 5, columns: 3, leading: 8, isTransposed: false });
    assert.deepEqual(columnMajor(transpose(matrix)), { rows: 5, columns: 3, leading: 8, isTransposed: true });
  });
});
