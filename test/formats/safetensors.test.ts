import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { parseSafetensors } from '../../src/formats/safetensors/parse.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { fromFloat32, fromInt64, type StoredTensors, storedTensor } from '../../src/formats/tensor.js';

/** A file of given header text and data. */
function file(header: string, data = 0, declared?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, declared ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function entry(name: string, shape: number[], begin: number, end: number, dtype = 'U8'): string {
  return `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
}

/** A written file in one piece. */
function wholeFile(...contents: Parameters<typeof serializeSafetensors>): Uint8Array {
  return Uint8Array.from(Buffer.concat(serializeSafetensors(...contents)));
}

const sample: StoredTensors = new Map([
  ['10', storedTensor('u8', [3], Uint8Array.of(1, 2, 3))],
  ['conv.weight', fromFloat32([2, 1], Float32Array.of(0.5, Number.NaN))],
  ['1', storedTensor('bool', [1, 1], Uint8Array.of(1))],
  ['steps', fromInt64([], BigInt64Array.of(2n ** 60n))],
  ['half', storedTensor('bf16', [2], Uint8Array.of(1, 2, 3, 4))],
  ['nothing', fromFloat32([0, 4], new Float32Array(0))],
  ['__proto__', storedTensor('i8', [1], Uint8Array.of(255))],
  ['naïve "名"', storedTensor('i16', [1], Uint8Array.of(7, 8))],
]);

describe('safetensors round trip', () => {
  it('keeps bytes, types, shapes, order and metadata', () => {
    const metadata = new Map([
      ['format', 'pt'],
      ['ключ', 'line\nbreak'],
      ['__proto__', ''],
    ]);
    const parsed = parseSafetensors(wholeFile(sample, metadata), 'x');
    assert.deepEqual([...parsed.tensors], [...sample]);
    assert.deepEqual(parsed.metadata, metadata);
  });

  it('aligns the data to their element size', () => {
    const bytes = wholeFile(sample);
    assert.equal(new DataView(bytes.buffer).getBigUint64(0, true) % 8n, 0n);
    const { tensors } = parseSafetensors(bytes, 'x');
    for (const [name, size] of Object.entries({ steps: 8, 'conv.weight': 4, half: 2 }))
      assert.equal(tensors.get(name)!.data.byteOffset % size, 0, name);
  });

  it('chunks share the tensors’ memory', () => {
    const chunks = serializeSafetensors(sample);
    for (const { data } of sample.values()) assert.ok(chunks.includes(data));
  });

  it('works for no tensors, and from the middle of a buffer', () => {
    assert.equal(parseSafetensors(wholeFile(new Map()), 'x').tensors.size, 0);
    const bytes = wholeFile(sample);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    assert.deepEqual([...parseSafetensors(shifted, 'x').tensors], [...sample]);
  });
});

describe('writing safetensors', () => {
  it('refuses what the format cannot hold', () => {
    const tensor = storedTensor('u8', [1], Uint8Array.of(0));
    assert.throws(() => serializeSafetensors(new Map([['__metadata__', tensor]])), UserError);
    assert.throws(() => serializeSafetensors(new Map([['\ud800', tensor]])), UserError);
    assert.throws(() => serializeSafetensors(new Map(), new Map([['a', '\ud800']])), UserError);
    assert.throws(() => serializeSafetensors(new Map([['x', { ...tensor, shape: [2] }]])), RangeError);
  });
});

const malformed: [string, Uint8Array, RegExp][] = [
  ['empty', new Uint8Array(0), /bad\.safetensors is empty/],
  ['cut length', new Uint8Array(7), /is missing in a file of 7 bytes/],
  ['header over the limit', file('{}', 0, 100_000_001n), /100000001 bytes, more than 100000000/],
  ['header length near 2^64', file('{}', 0, 2n ** 64n - 1n), /18446744073709551615 bytes/],
  [
    'header beyond the file',
    file('{}', 0, 3n),
    /is truncated: its header would have 3 bytes, but the file has 10/,
  ],
  ['no brace', file(' {}'), /does not begin with/],
  ['byte order mark', file('\ufeff{}'), /does not begin with/],
  ['an array', file('[]'), /does not begin with/],
  ['empty header', file(''), /does not begin with/],
  ['not UTF-8', Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x7d), /not UTF-8/],
  ['text after', file('{}x'), /"x" at character 2/],
  ['unclosed', file('{"a"'), /its end at character 4/],
  ['unclosed string', file('{"a'), /ends within a string/],
  ['trailing comma', file('{"__metadata__":{},}'), /where a string is expected/],
  ['bad escape', file('{"\\x":1}'), /malformed string/],
  ['control character', file('{"\n":1}'), /malformed string/],
  ['lone surrogate', file('{"\\ud800":1}'), /malformed string/],
  ['duplicate tensor', file(`{${entry('a', [1], 0, 1)},${entry('a', [1], 0, 1)}}`, 1), /"a" twice/],
  ['duplicate by escape', file(`{"__metadata__":{"a":"","\\u0061":""}}`), /"a" twice/],
  ['duplicate metadata', file('{"__metadata__":{},"__metadata__":{}}'), /"__metadata__" twice/],
  ['metadata not text', file('{"__metadata__":{"a":1}}'), /where a string is expected/],
  ['unknown type', file(`{${entry('a', [1], 0, 2, 'U16')}}`, 2), /the type "U16"/],
  ['unknown field', file('{"a":{"dtype":"U8","layout":"x"}}'), /unknown field "layout"/],
  ['missing field', file('{"a":{"dtype":"U8","shape":[]}}'), /lacks dtype/],
  ['one offset', file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}'), /do not hold/],
  ['three offsets', file('{"a":{"data_offsets":[0,1,2]}}'), /more than 2 numbers/],
  ['negative size', file('{"a":{"shape":[-1]}}'), /whole number/],
  ['fraction', file('{"a":{"shape":[1.0]}}'), /whole number/],
  ['exponent', file('{"a":{"shape":[1e2]}}'), /whole number/],
  ['leading zero', file('{"a":{"shape":[01]}}'), /whole number/],
  ['number beyond 2^53', file('{"a":{"shape":[9007199254740993]}}'), /too large/],
  ['shape overflow', file(`{${entry('a', [2 ** 40, 2 ** 40], 0, 0)}}`), /shape too large/],
  ['overflow beside zero', file(`{${entry('a', [2 ** 40, 2 ** 40, 0], 0, 0)}}`), /shape too large/],
  ['rank', file(`{${entry('a', new Array(65).fill(1), 0, 1)}}`, 1), /more than 64 numbers/],
  ['size of another shape', file(`{${entry('a', [2], 0, 1)}}`, 1), /do not hold U8 \[2\]/],
  ['size of another type', file(`{${entry('a', [2], 0, 2, 'F32')}}`, 2), /do not hold F32/],
  ['reversed offsets', file(`{${entry('a', [2], 2, 0)}}`, 2), /do not hold/],
  ['hole at the start', file(`{${entry('a', [1], 1, 2)}}`, 2), /leaves a hole/],
  ['hole', file(`{${entry('a', [1], 0, 1)},${entry('b', [1], 2, 3)}}`, 3), /leaves a hole.*"b".*expected 1/],
  ['overlap', file(`{${entry('a', [2], 0, 2)},${entry('b', [2], 1, 3)}}`, 3), /overlap/],
  ['the same bytes twice', file(`{${entry('a', [2], 0, 2)},${entry('b', [2], 0, 2)}}`, 2), /overlap/],
  ['bytes left over', file(`{${entry('a', [1], 0, 1)}}`, 2), /1 bytes of tensors, but 2/],
  ['bytes missing', file(`{${entry('a', [2], 0, 2)}}`, 1), /is truncated: its tensors take 2 bytes, but 1/],
  ['deep nesting', file(`{"a":${'['.repeat(100_000)}`), /where/],
];

describe('a malformed safetensors file is one sentence', () => {
  for (const [name, bytes, message] of malformed) {
    it(name, () => {
      assert.throws(
        () => parseSafetensors(bytes, 'bad.safetensors'),
        (error) => {
          assert.ok(error instanceof UserError);
          assert.match(
            error.message,
            /^bad\.safetensors is (not a valid safetensors file: the header |truncated: |empty)/,
          );
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
