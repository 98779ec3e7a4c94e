import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type StoredTensors, toFloat32 } from '../../../src/formats/tensor.js';
import { readTorchCheckpoint, type TorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import {
  dict,
  floatBytes,
  int,
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
