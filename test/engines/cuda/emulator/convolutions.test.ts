import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  Arithmetic,
  ConvolutionSpec,
  Epilogue,
  StorageType,
  StridedTensor,
} from '../../../../src/engines/cuda/device.js';
import { convKernels } from '../../../../src/engines/reference/kernels/conv.js';
import type { ConvGeometry } from '../../../../src/graph/op.js';
import type { Shape } from '../../../../src/graph/tensorType.js';
import { openEmulator, withoutEmulator } from './device.js';

import {
  allocate,
  assertNear,
  MANTISSA,
  NCHW,
  NHWC,
  read,
  samples,
  size,
  stridesOf,
  toBits,
} from './fixtures/tensors.js';

interface Case {
  readonly image: Shape;
  readonly filter: Shape;
  readonly result: Shape;
  readonly geometry: ConvGeometry;
}

const plain: Case = {
  image: [2, 3, 7, 6],
  filter: [5, 3, 3, 3],
  result: [2, 5, 7, 6],
  geometry: { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
};
const uneven: Case = {
  image: [2, 4, 9, 8],
  filter: [6, 2, 3, 2],
  result: [2, 6, 4, 8],
  geometry: { stride: [2, 1], padding: [1, 1], dilation: [2, 2], groups: 2 },
};
const depthwise: Case = {
  image: [1, 4, 5, 5],
  filter: [4, 1, 3, 3],
  result: [1, 4, 3, 3],
  geometry: { stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 4 },
};

type Kind = ConvolutionSpec['kind'];
const REFERENCE = {
  forward: 'conv2d',
  inputGrad: 'conv2dInputGrad',
  weightGrad: 'conv2dWeightGrad',
} as const;

/** What the reference computes from two tensors, in double precision. */
function expectedOf(kind: Kind, shapes: Case, values: Readonly<Record<string, Float64Array>>): Float64Array {
  const written = { forward: 'result', inputGrad: 'image', weightGrad: 'filter' } as const;
  const inputs = {
    forward: ['image', 'filter'],
    inputGrad: ['result', 'filter'],
    weightGrad: ['result', 'image'],
  } as const;
  const dense = (name: 'image' | 'filter' | 'result') => ({ shape: shapes[name], data: values[name]! });
  const output = { shape: shapes[written[kind]], data: new Float64Array(size(shapes[written[kind]])) };
  const attributes = { ...shapes.geometry, inputShape: shapes.image, weightShape: shapes.filter };
  convKernels[REFERENCE[kind]](attributes, inputs[kind].map(dense), [output]);
  return output.data;
}

/** Runs a convolution on the device and returns what it wrote. */
function convolve(spec: ConvolutionSpec, values: Readonly<Record<string, Float64Array>>): Float64Array {
  const device = openEmulator({ prelude: '' });
  const written = { forward: 'result', inputGrad: 'image', weightGrad: 'filter' } as const;
  const target = written[spec.kind];
  const given = (name: 'image' | 'filter' | 'result') =>
    allocate(device, spec[name], name === target ? undefined : values[name]);
  const pointers = { image: given('image'), filter: given('filter'), result: given('result') };
  const outputs: StridedTensor = { type: 'f32', shape: [spec.filter.shape[0]!], strides: [1] };
  const bias = spec.epilogue?.bias ? allocate(device, outputs, values.bias) : undefined;
  const addend = spec.epilogue?.addend ? allocate(device, spec.result, values.addend) : undefined;
  const prepared = device.convolution(spec)!;
  const workspace = device.allocate(prepared.workspaceBytes);
  prepared.run({ ...pointers, bias, addend }, workspace);
  const result = read(device, pointers[target], spec[target]);
  prepared.close();
  device.synchronize();
  for (const pointer of [...Object.values(pointers), bias, addend, workspace])
    if (pointer !== undefined) device.free(pointer);
  device.close();
  return result;
}

function specOf(
  kind: Kind,
  shapes: Case,
  type: StorageType,
  order: readonly number[],
  arithmetic: Arithmetic,
  epilogue?: Epilogue,
): ConvolutionSpec {
  const tensor = (shape: Shape) => ({ type, shape, strides: stridesOf(shape, order) });
  return {
    kind,
    image: tensor(shapes.image),
    filter: tensor(shapes.filter),
    result: tensor(shapes.result),
    geometry: shapes.geometry,
    arithmetic,
    epilogue,
  };
}

function valuesOf(shapes: Case, bits: number): Record<string, Float64Array> {
  const some = (shape: Shape, seed: number) => samples(size(shape), seed).map((value) => toBits(value, bits));
  return { image: some(shapes.image, 1), filter: some(shapes.filter, 2), result: some(shapes.result, 3) };
}

describe('convolutions of the emulator', { skip: withoutEmulator() }, () => {
  for (const [name, shapes] of Object.entries({ plain, uneven, depthwise }))
    for (const kind of ['forward', 'inputGrad', 'weightGrad'] as const)
      it(`${name}, ${kind}: as the reference computes, in each order of axes`, () => {
        const values = valuesOf(shapes, 23);
        const expected = expectedOf(kind, shapes, values);
        for (const order of [NHWC, NCHW])
          assertNear(convolve(specOf(kind, shapes, 'f32', order, 'f32'), values), expected, 1e-6);
      });

  for (const arithmetic of ['tf32', 'bf16'] as const)
    it(`operands are rounded first in ${arithmetic}`, () => {
      const values = valuesOf(uneven, 23);
      const rounded = Object.fromEntries(
        Object.entries(values).map(([name, data]) => [
          name,
          data.map((value) => toBits(value, MANTISSA[arithmetic])),
        ]),
      );
      const expected = expectedOf('forward', uneven, rounded);
      const actual = convolve(specOf('forward', uneven, 'f32', NHWC, arithmetic), values);
      assertNear(actual, expected, 1e-6);
      assert.throws(() => assertNear(actual, expectedOf('forward', uneven, values), 1e-6));
    });

  it('bf16 in memory: the result is rounded once', () => {
    const values = valuesOf(uneven, 7);
    for (const kind of ['forward', 'inputGrad', 'weightGrad'] as const) {
      const expected = expectedOf(kind, uneven, values).map((value) => toBits(Math.fround(value), 7));
      assertNear(convolve(specOf(kind, uneven, 'bf16', NHWC, 'bf16'), values), expected, 0);
    }
  });
});

describe('epilogues and tensors of convolutions', { skip: withoutEmulator() }, () => {
  it('bias, addend and relu are applied in this order', () => {
    const epilogue: Epilogue = { bias: true, addend: true, activation: { fn: 'relu' } };
    const values = { ...valuesOf(plain, 23), bias: samples(5, 4), addend: samples(size(plain.result), 5) };
    const plane = size(plain.result.slice(2));
    const expected = expectedOf('forward', plain, values).map((value, index) =>
      Math.max(0, value + values.bias[Math.floor(index / plane) % 5]! + values.addend[index]!),
    );
    assert.ok(expected.some((value) => value === 0) && expected.some((value) => value > 0));
    assertNear(convolve(specOf('forward', plain, 'f32', NHWC, 'f32', epilogue), values), expected, 1e-6);
  });

  it('other functions are not there', () => {
    const device = openEmulator({ prelude: '' });
    const epilogue: Epilogue = { bias: false, addend: false, activation: { fn: 'sigmoid' } };
    assert.equal(device.convolution(specOf('forward', plain, 'f32', NHWC, 'f32', epilogue)), undefined);
    device.close();
  });

  it('tensors that share memory with what is written, and a bias that is missing, are errors', () => {
    const device = openEmulator({ prelude: '' });
    const prepared = device.convolution(
      specOf('forward', plain, 'f32', NHWC, 'f32', { bias: true, addend: false, activation: undefined }),
    )!;
    const bytes = 4 * size(plain.image);
    const image = device.allocate(4096);
    const filter = device.allocate(4096);
    const workspace = device.allocate(prepared.workspaceBytes);
    assert.throws(
      () => prepared.run({ image, filter, result: image + bytes - 4, bias: filter }, workspace),
      /image of a convolution \(forward\) shares memory with the result/,
    );
    assert.throws(
      () => prepared.run({ image, filter, result: image + bytes }, workspace),
      /bias of a convolution \(forward\) is missing/,
    );
    prepared.run({ image, filter, result: image + bytes, bias: filter }, workspace);
    prepared.close();
    for (const pointer of [image, filter, workspace]) device.free(pointer);
    device.close();
  });
});
