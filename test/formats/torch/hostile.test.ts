import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/errors.js';
import { readTorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import { zipChunks } from '../../../src/formats/zip/writeZip.js';
import { joinBytes, latin1Bytes } from '../support/bytes.js';
import {
  dict,
  floatBytes,
  int,
  LEGACY_HEAD,
  legacyFile,
  type TensorPlace,
  tensor,
  text,
  tuple,
  zipFile,
} from '../support/torchFiles.js';

const storage = floatBytes(0, 1, 2, 3);
const square: TensorPlace = { total: 4, shape: [2, 2], strides: [2, 1] };
const weights = dict({ w: tensor(square) });

function zipOf(place: Partial<TensorPlace>): Uint8Array {
  return zipFile(dict({ w: tensor({ ...square, ...place }) }), { 0: storage });
}

const legacyTensor = (place: Partial<TensorPlace> = {}): string =>
  dict({ w: tensor({ ...square, view: 'N', ...place }) });

function legacy(place: Partial<TensorPlace>, data = storage, count = 4): Uint8Array {
  return legacyFile(legacyTensor(place), [['0', count, data]]);
}

function replaceEntry(name: string, data: Uint8Array): Uint8Array {
  return joinBytes(
    zipChunks([
      { name: 'a/data.pkl', data: latin1Bytes(`\x80\x02${weights}.`) },
      { name: 'a/data/0', data: storage },
      { name, data },
    ]),
  );
}

function damaged(): Uint8Array {
  const file = zipOf({});
  file[Buffer.from(file).indexOf(storage) + 5]! ^= 1;
  return file;
}

const cases: [string, Uint8Array, RegExp][] = [
  ['no bytes', new Uint8Array(0), /is empty/],
  ['bytes', latin1Bytes('\x01\x02\x03'), /neither a ZIP file nor a pickle/],
  ['another pickle', latin1Bytes('\x80\x02K\x01.'), /not a PyTorch checkpoint/],
  ['another ZIP file', joinBytes(zipChunks([{ name: 'x', data: storage }])), /not a PyTorch checkpoint/],
  ['two folders', replaceEntry('b/data.pkl', storage), /one folder/],
  ['a program', replaceEntry('a/constants.pkl', storage), /TorchScript/],
  ['big-endian order', replaceEntry('a/byteorder', latin1Bytes('big')), /"big" byte order/],
  ['a damaged storage', damaged(), /checksum of "a\/data\/0" is wrong/],
  ['a missing storage', zipOf({ key: '1' }), /lacks the storage "1"/],
  ['a storage of another size', zipOf({ total: 5 }), /16 bytes in the storage "0", where 5 elements of f32/],
  ['a storage of another type', zipOf({ storage: 'DoubleStorage' }), /4 elements of f64/],
  [
    'complex numbers',
    zipOf({ storage: 'ComplexFloatStorage' }),
    /no tensor that can be read: "w" has a storage of torch\.ComplexFloatStorage, which is not supported/,
  ],
  [
    'an offset beyond the storage',
    zipOf({ offset: 1 }),
    /tensor "w", but it needs 5 elements of a storage of 4/,
  ],
  ['strides beyond the storage', zipOf({ strides: [3, 1] }), /needs 5 elements/],
  ['a negative stride', zipOf({ strides: [-1, 1] }), /has -1 as a number of the strides/],
  ['a negative size', zipOf({ shape: [-2, 2] }), /has -2 as a number of the shape/],
  ['a negative offset', zipOf({ offset: -1 }), /has -1 as the offset/],
  ['fewer strides than dimensions', zipOf({ strides: [1] }), /1 strides do not fit 2 dimensions/],
  [
    'an overflowing shape',
    zipOf({ shape: new Array(3).fill(2 ** 30), strides: [0, 0, 0] }),
    /shape .* not valid/,
  ],
  ['a repeated element without end', zipOf({ shape: [2 ** 30], strides: [0] }), /repeats its storage/],
  [
    'too many dimensions',
    zipOf({ shape: new Array(65).fill(1), strides: new Array(65).fill(1) }),
    /65 dimensions/,
  ],
  [
    'a tensor of no storage',
    zipFile(dict({ w: `ctorch._utils\n_rebuild_tensor_v2\n${tuple('N')}R` }), {}),
    /makes a tensor of None/,
  ],
  [
    'a parameter of no tensor',
    zipFile(dict({ w: `ctorch._utils\n_rebuild_parameter\n${tuple('N')}R` }), {}),
    /makes a parameter of None/,
  ],
  [
    'a reference to something else',
    zipFile(`${tuple(text('module'), 'N', text('0'))}Q`, {}),
    /not to a storage/,
  ],
  [
    'an object',
    zipFile('cmodels.resnet\nResNet\n)\x81', {}),
    /an object of models\.resnet\.ResNet, where a dict/,
  ],
  [
    'a model',
    zipFile(`cmodels.resnet\nResNet\n)\x81${dict({ _modules: '}', _parameters: '}' })}b`, {}),
    /a whole pickled model, a models\.resnet\.ResNet, .* save model\.state_dict\(\)/,
  ],
  ['a tensor alone', zipFile(tensor(square), { 0: storage }), /holds a tensor, where a dict/],
  ['no tensors', zipFile(dict({ ema: '}', epoch: int(3) }), {}), /its keys are "ema", "epoch"/],
  ['an empty dict', zipFile('}', {}), /it is empty/],
  [
    'a dict among tensors',
    zipFile(dict({ w: tensor(square), v: '}' }), { 0: storage }),
    /has a dict as "v" among/,
  ],
  [
    'a number in a wrapped dict',
    zipFile(dict({ net: dict({ w: tensor(square), v: int(1) }) }), { 0: storage }),
    /has 1 as "v"/,
  ],
  ['a number as a name', zipFile(`}(K\x01${tensor(square)}u`, { 0: storage }), /has 1 as the name/],
  [
    'legacy: another version',
    legacyFile('N', [], [LEGACY_HEAD[0]!, 'K\x05.', LEGACY_HEAD[2]!]),
    /version 5, not 1001/,
  ],
  [
    'legacy: big-endian',
    legacyFile('N', [], [LEGACY_HEAD[0]!, LEGACY_HEAD[1]!, `${dict({ little_endian: '\x89' })}.`]),
    /big-endian/,
  ],
  ['legacy: a cut storage', legacy({}).subarray(0, -1), /truncated in the storage "0"/],
  ['legacy: no storage', legacy({}).subarray(0, -20), /truncated before the storage "0"/],
  [
    'legacy: another count',
    legacy({}, storage, 2 ** 40),
    /1099511627776 elements in the storage "0", where 4/,
  ],
  ['legacy: bytes left over', legacy({}, joinBytes([storage, storage])), /16 bytes after its last storage/],
  ['legacy: a missing storage', legacyFile(legacyTensor(), []), /lacks the storage "0"/],
  ['legacy: an unused storage', legacyFile('}', [['0', 4, storage]]), /no tensor refers to/],
  [
    'legacy: a storage twice',
    legacyFile(legacyTensor(), [
      ['0', 4, storage],
      ['0', 4, storage],
    ]),
    /lists a storage twice/,
  ],
  [
    'legacy: two types',
    legacyFile(dict({ a: legacyTensor(), b: legacyTensor({ storage: 'IntStorage' }) }), []),
    /two types or sizes/,
  ],
  [
    'legacy: a view beyond',
    legacy({ view: tuple(text('v'), int(2), int(3)) }),
    /view of 3 elements from 2 in a storage of 4/,
  ],
  ['legacy: keys that are no list', latin1Bytes(`${LEGACY_HEAD.join('')}N.N.`), /None, where the keys/],
  ['legacy: a key that is no text', latin1Bytes(`${LEGACY_HEAD.join('')}N.(K\x01l.`), /has 1 as the key/],
];

describe('a checkpoint is refused in one sentence for', () => {
  for (const [name, bytes, message] of cases) {
    it(name, () =>
      assert.throws(
        () => readTorchCheckpoint(bytes, 'a.pth'),
        (error) =>
          error instanceof UserError &&
          error.message.startsWith('a.pth ') &&
          message.test(error.message) &&
          !error.message.includes('\n'),
      ),
    );
  }

  it('many tensors that repeat their storage', () => {
    const entries = Array.from({ length: 40 }, (_, i) => [
      `w${i}`,
      tensor({ ...square, shape: [2 ** 20], strides: [0] }),
    ]);
    assert.throws(
      () => readTorchCheckpoint(zipFile(dict(Object.fromEntries(entries)), { 0: storage }), 'a.pth'),
      /repeats its storage/,
    );
  });
});
