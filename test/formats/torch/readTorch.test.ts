import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type StoredTensors, toFloat32 } from '../../../src/formats/tensor.js';
import { readTorchCheckpoint, type TorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import { parseWeights } from '../../../src/train/weights.js';
import { joinBytes, latin1Bytes, littleEndian } from '../support/bytes.js';
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

const storage = floatBytes(0, 1, 2, 3, 4, 5);
const matrix: TensorPlace = { total: 6, shape: [2, 3], strides: [3, 1] };

/** The same object in both formats. */
function readBoth(object: string): TorchCheckpoint[] {
  return [
    readTorchCheckpoint(zipFile(object, { 0: storage }), 'a.pth'),
    readTorchCheckpoint(legacyFile(legacyIds(object), [['0', 6, storage]]), 'a.pth'),
  ];
}

/** References to storages have a sixth item in the legacy format. */
function legacyIds(object: string): string {
  return object.replaceAll('tQ', 'NtQ');
}

function values(tensors: StoredTensors): [string, readonly number[], number[]][] {
  return [...tensors].map(([name, stored]) => [name, stored.shape, [...toFloat32(stored)]]);
}

describe('tensors of PyTorch checkpoints', () => {
  const views: [string, Partial<TensorPlace>, number[]][] = [
    ['whole', {}, [0, 1, 2, 3, 4, 5]],
    ['transposed', { shape: [3, 2], strides: [1, 3] }, [0, 3, 1, 4, 2, 5]],
    ['a part', { offset: 2, shape: [2], strides: [1] }, [2, 3]],
    ['stepped', { offset: 1, shape: [3], strides: [2] }, [1, 3, 5]],
    ['expanded', { offset: 4, shape: [2, 2], strides: [0, 1] }, [4, 5, 4, 5]],
    ['a scalar', { offset: 5, shape: [], strides: [] }, [5]],
    ['empty', { shape: [0, 3], strides: [3, 1] }, []],
  ];
  for (const [name, place, expected] of views) {
    it(`views of a storage: ${name}`, () => {
      const object = dict({ w: tensor({ ...matrix, ...place }) });
      for (const { tensors } of readBoth(object))
        assert.deepEqual(values(tensors), [['w', place.shape ?? [2, 3], expected]]);
    });
  }
});

describe('the negative bit of a tensor', () => {
  // The last argument of _rebuild_tensor_v2.
  const negative = (object: string): string => object.replace(/tRu$/, `${dict({ neg: '\x88' })}tRu`);
  for (const [what, place, expected] of [
    ['contiguous', {}, [-0, -1, -2, -3, -4, -5]],
    ['transposed', { shape: [3, 2], strides: [1, 3] }, [-0, -3, -1, -4, -2, -5]],
  ] as const)
    it(`changes the sign of each value: ${what}`, () => {
      for (const { tensors } of readBoth(negative(dict({ w: tensor({ ...matrix, ...place }) }))))
        assert.deepEqual([...toFloat32(tensors.get('w')!)], expected);
    });

  it('is refused of integers, which PyTorch never gives it', () => {
    const object = negative(dict({ w: tensor({ ...matrix, storage: 'IntStorage' }) }));
    assert.throws(
      () => readTorchCheckpoint(zipFile(object, { 0: storage }), 'a.pth'),
      /^UserError: a\.pth has the negative tensor "w" of i32, which is not supported$/,
    );
  });
});

describe('other ways of saving', () => {
  const whole = dict({ w: tensor(matrix) });

  it('pickle’s protocols 1 and 4 in the legacy format', () => {
    const magic = LEGACY_HEAD[0]!.slice(2);
    const heads = [
      ['L119547037146038801333356L\n.', 'M\xe9\x03.', LEGACY_HEAD[2]!.slice(2)],
      [`\x80\x04\x95\x0d\0\0\0\0\0\0\0${magic}`, ...LEGACY_HEAD.slice(1)],
    ];
    for (const head of heads) {
      const { tensors } = parseWeights(legacyFile(legacyIds(whole), [['0', 6, storage]], head), 'a.pth');
      assert.deepEqual([...tensors.get('w')!.data], [0, 1, 2, 3, 4, 5]);
    }
  });

  it('protocol 0, which PyTorch cannot read, is named', () => {
    const reference = whole.slice(whole.indexOf(`(${text('storage')}`), whole.indexOf('tQ') + 2);
    const object = whole.replace(reference, 'P(storage)\n');
    assert.throws(
      () => parseWeights(zipFile(object, { 0: storage }), 'a.pth'),
      /^UserError: a\.pth was saved with pickle_protocol=0, /,
    );
  });

  it('without checksums', () => {
    const file = zipFile(whole, { 0: storage });
    const view = new DataView(file.buffer, file.byteOffset);
    for (let at = 0; at + 4 < file.length; at++) {
      const signature = view.getUint32(at, true);
      if (signature === 0x04034b50) view.setUint32(at + 14, 0, true);
      else if (signature === 0x02014b50) view.setUint32(at + 16, 0, true);
    }
    const { tensors } = readTorchCheckpoint(file, 'a.pth');
    assert.deepEqual([...toFloat32(tensors.get('w')!)], [0, 1, 2, 3, 4, 5]);
  });

  it('a safetensors file whose header’s length begins as a pickle does is one of safetensors', () => {
    const data = floatBytes(1, 2);
    const entry = { w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } };
    const header = JSON.stringify(entry).padEnd(0x280);
    const file = joinBytes([littleEndian([0x280, 8]), latin1Bytes(header), data]);
    assert.equal(file[0], 0x80);
    assert.deepEqual([...parseWeights(file, 'a').tensors.get('w')!.data], [1, 2]);
  });
});

describe('storages', () => {
  it('may be shared', () => {
    const object = dict({ b: tensor(matrix), a: tensor({ ...matrix, shape: [3, 2], strides: [1, 3] }) });
    for (const { tensors } of readBoth(object)) {
      assert.deepEqual([...tensors.keys()], ['b', 'a']);
      assert.deepEqual([...toFloat32(tensors.get('a')!)], [0, 3, 1, 4, 2, 5]);
    }
  });

  it('contiguous tensors are views of the file', () => {
    const file = zipFile(dict({ w: tensor(matrix) }), { 0: storage });
    const { data } = readTorchCheckpoint(file, 'a.pth').tensors.get('w')!;
    assert.equal(data.buffer, file.buffer);
  });

  it('may be views of others, as in the oldest files', () => {
    const view = tuple(text('v'), int(2), int(3));
    const object = dict({ w: tensor({ total: 6, offset: 1, shape: [2], strides: [1], view }) });
    const { tensors } = readTorchCheckpoint(legacyFile(object, [['0', 6, storage]]), 'a.pth');
    assert.deepEqual(values(tensors), [['w', [2], [3, 4]]]);
  });

  it('parameters are tensors', () => {
    const parameter = `ctorch._utils\n_rebuild_parameter\n${tuple(tensor(matrix), '\x88', '}')}R`;
    for (const { tensors } of readBoth(dict({ w: parameter })))
      assert.equal(tensors.get('w')!.shape.length, 2);
  });

  it('that no tensor of the state dict needs may be missing', () => {
    const file = zipFile(
      dict({ net: dict({ w: tensor(matrix) }), optimizer: dict({ m: tensor({ ...matrix, key: '9' }) }) }),
      { 0: storage },
    );
    assert.equal(readTorchCheckpoint(file, 'a.pth').tensors.size, 1);
  });
});

describe('the state dict is found', () => {
  const weights = dict({ w: tensor(matrix), b: tensor({ ...matrix, shape: [1], strides: [1] }) });
  for (const wrapper of ['net', 'state_dict', 'model'] as const) {
    it(`under ${wrapper}, with scalars beside it`, () => {
      const object = dict({
        acc: 'G@(\xae\x14z\xe1G\xae',
        [wrapper]: weights,
        epoch: 'K\x07',
        arch: text('resnet'),
        done: '\x88',
        best: tensor({ total: 6, offset: 3, shape: [1], strides: [1] }),
        optimizer: '}',
        nothing: 'N',
      });
      for (const found of readBoth(object)) {
        assert.equal(found.wrapper, wrapper);
        assert.deepEqual([...found.tensors.keys()], ['w', 'b']);
        assert.deepEqual(
          [...found.extras],
          [
            ['acc', 12.34],
            ['epoch', 7],
            ['arch', 'resnet'],
            ['done', true],
            ['best', 3],
          ],
        );
      }
    });
  }
});

describe('the state dict may be', () => {
  it('bare, with scalars among the tensors', () => {
    const [found] = readBoth(dict({ epoch: 'K\x07', w: tensor(matrix) }));
    assert.deepEqual(
      [found!.wrapper, [...found!.tensors.keys()], [...found!.extras]],
      [null, ['w'], [['epoch', 7]]],
    );
  });

  it('without DataParallel’s prefix, which must be everywhere', () => {
    const place = tensor(matrix);
    const [all] = readBoth(dict({ net: dict({ 'module.a.w': place, 'module.module.b': place }) }));
    assert.deepEqual([...all!.tensors.keys()], ['a.w', 'module.b']);
    const [some] = readBoth(dict({ 'module.a': place, b: place }));
    assert.deepEqual([...some!.tensors.keys()], ['module.a', 'b']);
  });

  it('as an OrderedDict with metadata of its modules', () => {
    const object = `ccollections\nOrderedDict\n)R(${text('w')}${tensor(matrix)}u}${text('_metadata')}ccollections\nOrderedDict\n)Rsb`;
    for (const { tensors } of readBoth(object)) assert.deepEqual([...tensors.keys()], ['w']);
  });
});
