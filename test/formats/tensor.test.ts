import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bfloat16ToFloat, floatToBfloat16, floatToHalf, halfToFloat } from '../../src/formats/halfFloats.js';
import {
  castFloat,
  fromFloat32,
  fromInt64,
  type StoredDType,
  storedTensor,
  toFloat32,
  toFloat64,
  toInt64,
} from '../../src/formats/tensor.js';
import { Samples } from '../support/samples.js';

interface HalfFormat {
  readonly name: string;
  readonly decode: (bits: number) => number;
  readonly encode: (value: number) => number;
  /** Bit pattern of infinity. */
  readonly infinity: number;
}

const formats: readonly HalfFormat[] = [
  { name: 'f16', decode: halfToFloat, encode: floatToHalf, infinity: 0x7c00 },
  { name: 'bf16', decode: bfloat16ToFloat, encode: floatToBfloat16, infinity: 0x7f80 },
];

/** Nearest pattern by search over neighbours: what rounding must give for a finite value. */
function nearest({ decode, infinity }: HalfFormat, value: number): number {
  let low = 0;
  let high = infinity;
  const size = Math.abs(value);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (decode(middle) <= size) low = middle;
    else high = middle;
  }
  // One step beyond the greatest finite value stands for infinity when distances are compared.
  const above = high === infinity ? 2 * decode(infinity - 1) - decode(infinity - 2) : decode(high);
  const [down, up] = [size - decode(low), above - size];
  const pick = down < up || (down === up && low % 2 === 0) ? low : high;
  return pick | (value < 0 || Object.is(value, -0) ? 0x8000 : 0);
}

for (const format of formats) {
  describe(`${format.name} bit patterns`, () => {
    it('all values survive both ways', () => {
      for (let bits = 0; bits < 65536; bits++) {
        const value = format.decode(bits);
        if (Number.isNaN(value)) assert.ok(Number.isNaN(format.decode(format.encode(value))));
        else assert.equal(format.encode(value), bits, `pattern ${bits.toString(16)}`);
      }
    });

    it('values between are rounded to the nearest, ties to even', () => {
      for (let bits = 0; bits < format.infinity; bits += 37) {
        const [low, high] = [format.decode(bits), format.decode(bits + 1)];
        const tie = high === Number.POSITIVE_INFINITY ? low : (low + high) / 2;
        for (const value of [tie, -tie, tie * (1 - 2 ** -20), tie * (1 + 2 ** -20)].map(Math.fround))
          assert.equal(format.encode(value), nearest(format, value), String(value));
      }
    });

    it('random floats of every magnitude', () => {
      const samples = new Samples(format.name);
      for (let i = 0; i < 20_000; i++) {
        const value = Math.fround(samples.uniform(-2, 2) * 2 ** samples.integer(-40, 20));
        assert.equal(format.encode(value), nearest(format, value), String(value));
      }
    });
  });
}

it('halves overflow from 65520 on', () => {
  assert.equal(floatToHalf(65519.99), 0x7bff);
  assert.equal(floatToHalf(65520), 0x7c00);
  assert.equal(floatToHalf(-1e30), 0xfc00);
  assert.equal(floatToBfloat16(3.4028235e38), 0x7f80);
});

const every: { readonly [D in StoredDType]: { data: ArrayBufferView; values: number[] } } = {
  f64: { data: Float64Array.of(0.1, -2), values: [0.1, -2] },
  f32: { data: Float32Array.of(0.5, -2), values: [0.5, -2] },
  f16: { data: Uint16Array.of(0x3c00, 0xc000), values: [1, -2] },
  bf16: { data: Uint16Array.of(0x3f80, 0xc000), values: [1, -2] },
  i64: { data: BigInt64Array.of(5n, -7n), values: [5, -7] },
  i32: { data: Int32Array.of(5, -7), values: [5, -7] },
  i16: { data: Int16Array.of(300, -7), values: [300, -7] },
  i8: { data: Int8Array.of(5, -7), values: [5, -7] },
  u8: { data: Uint8Array.of(5, 255), values: [5, 255] },
  bool: { data: Uint8Array.of(0, 1), values: [0, 1] },
};

describe('stored tensors', () => {
  for (const [dtype, { data, values }] of Object.entries(every)) {
    it(`${dtype} becomes floats at any alignment`, () => {
      const bytes = new Uint8Array(data.buffer);
      const shifted = new Uint8Array(bytes.byteLength + 1).subarray(1);
      shifted.set(bytes);
      const tensor = storedTensor(dtype as StoredDType, [2], shifted);
      assert.deepEqual([...toFloat64(tensor)], values);
      assert.deepEqual([...toFloat32(tensor)], values.map(Math.fround));
    });
  }

  it('a float tensor shares memory with its array; toFloat32 copies, NaN payloads included', () => {
    const words = Uint32Array.of(0x7fc12345, 0x3f800000);
    const values = new Float32Array(words.buffer);
    const tensor = fromFloat32([2], values);
    const copy = toFloat32(tensor);
    assert.deepEqual(new Uint32Array(copy.buffer), words);
    values[1] = 9;
    assert.equal(copy[1], 1);
    assert.equal(toFloat32(tensor)[1], 9);
  });

  it('integers keep 64 bits', () => {
    const values = BigInt64Array.of(2n ** 62n + 1n, -1n);
    assert.deepEqual(toInt64(fromInt64([2], values)), values);
    assert.deepEqual(toInt64(storedTensor('u8', [1], Uint8Array.of(200))), BigInt64Array.of(200n));
    assert.throws(() => toInt64(fromFloat32([1], Float32Array.of(1))), RangeError);
  });
});

describe('tensors of another type or shape', () => {
  it('casts between floating types', () => {
    const tensor = fromFloat32([3], Float32Array.of(1 / 3, -65536, 2 ** -24));
    assert.deepEqual([...toFloat32(castFloat(tensor, 'f16'))], [0.333251953125, -Infinity, 2 ** -24]);
    assert.deepEqual([...toFloat32(castFloat(tensor, 'bf16'))], [0.333984375, -65536, 2 ** -24]);
    assert.deepEqual(toFloat32(castFloat(castFloat(tensor, 'f64'), 'f32')), toFloat32(tensor));
    assert.equal(castFloat(tensor, 'f32'), tensor);
    assert.throws(() => castFloat(fromInt64([1], BigInt64Array.of(1n)), 'f32'), RangeError);
  });

  it('shapes that do not fit are refused', () => {
    for (const shape of [[3], [2, 2], [-2], [1.5], [2 ** 40, 2 ** 40], [Number.NaN]])
      assert.throws(() => storedTensor('u8', shape, new Uint8Array(2)), RangeError);
    assert.equal(storedTensor('f32', [0, 5], new Uint8Array(0)).data.length, 0);
  });
});
