import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/errors.js';
import { toFloat32 } from '../../../src/formats/tensor.js';
import { readTorchCheckpoint, type TorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import { zipChunks } from '../../../src/formats/zip/writeZip.js';
import { joinBytes, latin1Bytes } from '../support/bytes.js';
import { dict, floatBytes, int, legacyFile, tensor, text, tuple, zipFile } from '../support/torchFiles.js';

const storage = floatBytes(0, 1, 2, 3);
const square = tensor({ total: 4, shape: [2, 2], strides: [2, 1] });
const last = tensor({ total: 4, offset: 3, shape: [1], strides: [1] });

function read(object: string, averaged = false): TorchCheckpoint {
  return readTorchCheckpoint(zipFile(object, { 0: storage }), 'a.pth', { averaged });
}

function refuses(bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => readTorchCheckpoint(bytes, 'a.pth'),
    (error) =>
      error instanceof UserError &&
      error.message.startsWith('a.pth ') &&
      message.test(error.message) &&
      !error.message.includes('\n'),
  );
}

/** Objects that training scripts save beside the weights, as Python pickles them. */
const OBJECTS: Readonly<Record<string, string>> = {
  'an argparse.Namespace': `cargparse\nNamespace\n)\x81${dict({ lr: 'G?\xb9\x99\x99\x99\x99\x99\x9a' })}b`,
  'a datetime': 'cdatetime\ndatetime\nU\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\0\x85R',
  'a path': `cpathlib\nPosixPath\n${tuple(text('/'), text('tmp'))}R`,
  'a complex number': 'cbuiltins\ncomplex\nG?\xf0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0\x86R',
  'an enum': 'cmodes\nMode\nK\x01\x85R',
  'a partial': `cfunctools\npartial\n(ctorch.nn\nReLU\nt\x81${tuple('ctorch.nn\nReLU\n', ')', '}', 'N')}b`,
  'a bound method': `cbuiltins\ngetattr\n${tuple('cnn\nModel\n)\x81', text('forward'))}R`,
  'a call of what a call gave': `cbuiltins\ngetattr\n${tuple('cnn\nModel\n)\x81', text('make'))}R)R`,
  'a deque': 'ccollections\ndeque\n)R(K\x01K\x02e',
  'a dict of another class': `cmunch\nMunch\n)\x81(${text('a')}K\x01u`,
  'a set of another class': 'cmine\nSet\n)\x81(K\x01\x90',
  'an object with keyword arguments': `cmine\nThing\n)${dict({ a: 'K\x01' })}\x92`,
  'a sparse tensor': `ctorch._utils\n_rebuild_sparse_tensor\n${tuple('ctorch\nsparse_coo\n', 'N')}R`,
  'a complex tensor': tensor({ total: 1, storage: 'ComplexFloatStorage', key: '7', shape: [], strides: [] }),
  'a NumPy array of objects': `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\x01btR(K\x01(K\x01tcnumpy\ndtype\n(${text('O8')}\x89\x88tR\x89]tb`,
  'a NumPy date': `cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(${text('M8')}\x89\x88tRC\x08\0\0\0\0\0\0\0\0tR`,
  'a size': 'ctorch\nSize\n(K\x02K\x03t\x85R',
  'a device': `ctorch\ndevice\n${text('cuda')}K\0\x86R`,
  'a memory format': 'ctorch.serialization\n_get_layout\nU\x0dtorch.strided\x85R',
  'os.system, which is not called': `cos\nsystem\n${tuple(text('touch harm'))}R`,
  'eval, which is not called': `cbuiltins\neval\n${tuple(text('1/0'))}R`,
};

describe('beside the weights may stand', () => {
  for (const [name, object] of Object.entries(OBJECTS)) {
    it(name, () => {
      for (const file of [
        dict({ args: object, state_dict: dict({ w: square }), epoch: int(7) }),
        dict({
          args: object,
          nested: dict({ list: `](${object}e` }),
          model: dict({ w: square }),
          epoch: int(7),
        }),
      ]) {
        const { tensors, extras } = read(file);
        assert.deepEqual([...toFloat32(tensors.get('w')!)], [0, 1, 2, 3]);
        assert.equal(tensors.size, 1);
        assert.equal(extras.get('epoch'), 7);
        assert.ok(!extras.has('args'));
      }
    });
  }
});

describe('beside the weights may stand, too,', () => {
  it('complex and quantized storages, in the format before 1.6', () => {
    const other = tensor({
      total: 1,
      storage: 'ComplexFloatStorage',
      key: '1',
      shape: [],
      strides: [],
      view: 'N',
    });
    const object = dict({ net: dict({ w: square.replaceAll('tQ', 'NtQ') }), other });
    const file = legacyFile(object, [
      ['0', 4, storage],
      ['1', 1, new Uint8Array(8)],
    ]);
    assert.deepEqual([...readTorchCheckpoint(file, 'a.pth').tensors.keys()], ['w']);
  });

  it('text with names of classes, lists and vectors', () => {
    const { extras } = read(
      dict({
        net: dict({ w: square }),
        classes: `](${text('cat')}${text('dog')}e`,
        class_to_idx: `}(${text('dog')}K\x01${text('cat')}K\x00u`,
        wrong: `}(${text('dog')}K\x01${text('cat')}K\x01u`,
        mixed: `](${text('cat')}K\x01e`,
        mean: tensor({ total: 4, shape: [3], strides: [1] }),
        std: '](K\x01K\x02K\x03e',
      }),
    );
    assert.deepEqual(
      [...extras],
      [
        ['classes', ['cat', 'dog']],
        ['class_to_idx', ['cat', 'dog']],
        ['mean', [0, 1, 2]],
        ['std', [1, 2, 3]],
      ],
    );
  });
});

describe('objects among the weights', () => {
  it('are left out, and said to be', () => {
    const found = read(
      dict({ state_dict: dict({ w: square, s: OBJECTS['a sparse tensor']!, n: OBJECTS['a path']! }) }),
    );
    assert.deepEqual([...found.tensors.keys()], ['w']);
    assert.deepEqual(
      [...found.unread],
      [
        ['s', 'has a sparse tensor, which is not supported'],
        ['n', 'has an object of pathlib.PosixPath there'],
      ],
    );
  });

  it('that are all there is are refused', () => {
    refuses(
      zipFile(dict({ w: OBJECTS['a sparse tensor']! }), {}),
      /no tensor that can be read: "w" has a sparse/,
    );
  });
});

describe('limits on placeholders', () => {
  it('hold as for other objects', () => {
    const twice = `cmine\nThing\nq\0(${'h\0)R'.repeat(600_000)}t`;
    refuses(zipFile(dict({ a: twice, net: dict({ w: square }) }), { 0: storage }), /more than \d+ objects/);
  });

  it('names of remembered texts are charged', () => {
    const long = `${text('m'.repeat(100_000))}q\0${text('n')}q\x010${'h\0h\x01\x930'.repeat(1000)}`;
    refuses(zipFile(`0N${long}`.slice(1), {}), /copies its objects too often/);
  });
});

const KEYS = [
  'net',
  'state_dict',
  'model_state_dict',
  'model',
  'model_state',
  'network',
  'module',
  'weights',
  'params',
];

describe('the state dict is found', () => {
  for (const key of KEYS)
    it(`under ${key}`, () => {
      const { wrapper, tensors } = read(dict({ optimizer: dict({ s: '}' }), [key]: dict({ w: square }) }));
      assert.deepEqual([wrapper, [...tensors.keys()]], [key, ['w']]);
    });

  it('in a dict within a dict', () => {
    const { wrapper, tensors } = read(
      dict({ model: dict({ config: '}', state_dict: dict({ w: square }) }) }),
    );
    assert.deepEqual([wrapper, [...tensors.keys()]], ['model.state_dict', ['w']]);
  });

  const prefixes: [string, string[]][] = [
    ['torch.compile', ['_orig_mod.']],
    ['DataParallel', ['module.']],
    ['Lightning', ['model.']],
    ['a module that holds it', ['net.']],
    ['several, nested', ['module.', '_orig_mod.', 'model.', 'net.']],
    ['several, in another order', ['_orig_mod.', 'module.']],
  ];
  for (const [name, parts] of prefixes)
    it(`without the prefixes of ${name}`, () => {
      const prefix = parts.join('');
      const { tensors } = read(
        dict({ state_dict: dict({ [`${prefix}a.w`]: square, [`${prefix}b`]: last }) }),
      );
      assert.deepEqual([...tensors.keys()], ['a.w', 'b']);
    });

  it('without what compiled parts and averaged models add', () => {
    const part = read(dict({ 'layer1._orig_mod.w': square, fc: last }));
    assert.deepEqual([...part.tensors.keys()], ['layer1.w', 'fc']);
    const averaged = read(
      dict({ model_ema: dict({ n_averaged: last, 'module.a': square, 'module.b': last }) }),
    );
    assert.deepEqual([...averaged.tensors.keys()], ['a', 'b']);
  });

  it('not with a prefix that only some names have, or twice', () => {
    assert.deepEqual([...read(dict({ 'model.a': square, b: last })).tensors.keys()], ['model.a', 'b']);
    const twice = dict({ 'a._orig_mod.b': square, 'a.b': last });
    refuses(zipFile(twice, { 0: storage }), /differ only by "_orig_mod\."/);
  });
});

describe('averaged weights', () => {
  for (const key of ['state_dict_ema', 'model_ema', 'ema', 'ema_state_dict', 'ema_model', 'params_ema']) {
    it(`under ${key} are named, and taken when asked for`, () => {
      const file = dict({ model: dict({ w: square }), [key]: dict({ 'module.w': last }) });
      const usual = read(file);
      assert.deepEqual([usual.averagedKey, usual.averaged, usual.wrapper], [key, false, 'model']);
      assert.deepEqual([...toFloat32(usual.tensors.get('w')!)], [0, 1, 2, 3]);
      const asked = read(file, true);
      assert.deepEqual([asked.averagedKey, asked.averaged, asked.wrapper], [key, true, key]);
      assert.deepEqual([...toFloat32(asked.tensors.get('w')!)], [3]);
    });
  }

  it('are taken where there are no others, and refused where there are none', () => {
    assert.equal(read(dict({ ema: dict({ w: last }) })).averaged, true);
    assert.throws(() => read(dict({ model: dict({ w: square }) }), true), /has no averaged weights \(EMA\)/);
    assert.equal(read(dict({ w: square, ema: dict({ w: last }) })).averagedKey, 'ema');
  });
});

/** An archive with given names, of no account otherwise. */
function archive(...names: string[]): Uint8Array {
  return joinBytes(zipChunks(names.map((name) => ({ name, data: storage }))));
}

const FOREIGN: [string, Uint8Array, RegExp][] = [
  [
    'TorchScript',
    archive('m/data.pkl', 'm/code/__torch__.py', 'm/constants.pkl'),
    /is a TorchScript program/,
  ],
  ['older TorchScript', archive('m/model.json', 'm/code/m.py'), /is a TorchScript program/],
  ['torch.package', archive('m/.data/extern_modules', 'm/model.pkl'), /is a torch\.package archive/],
  ['torch.export', archive('serialized_exported_program.json'), /is a program of torch\.export/],
  ['npz', archive('arr_0.npy'), /NumPy arrays \(\.npz\)/],
  [
    'Git LFS',
    latin1Bytes('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n'),
    /is a Git LFS pointer.*git lfs pull/,
  ],
  ['HTML', latin1Bytes('\n<!DOCTYPE html><html lang="en">'), /is an HTML page/],
  ['XML', latin1Bytes('<?xml version="1.0"?><Error><Code>AccessDenied</Code>'), /is XML, not a model/],
  [
    'JSON',
    latin1Bytes('{"error":"Entry not found"}'),
    /is JSON, not a model: it starts with "\{"error":"Entry/,
  ],
  ['text', latin1Bytes('Not Found'), /is text, not a model: it starts with "Not Found"/],
  [
    'a whole pickled model under a key',
    zipFile(dict({ model: `cm\nNet\n)\x81${dict({ _modules: '}', _parameters: '}' })}b` }), {}),
    /has a whole pickled model under "model"/,
  ],
  ['gzip', latin1Bytes('\x1f\x8b\x08\0'), /compressed with gzip/],
  ['zeros', new Uint8Array(100), /starts with nothing but zeros/],
  ['a truncated ZIP file', zipFile(dict({ w: square }), { 0: storage }).subarray(0, -30), /is truncated/],
  ['HDF5', latin1Bytes('\x89HDF\r\n\x1a\n'), /is an HDF5 file/],
  ['ONNX', latin1Bytes('\x08\x08\x12\x07pytorch\x1a'), /is an ONNX model/],
  ['a PNG image', latin1Bytes('\x89PNG\r\n\x1a\n'), /is a PNG image/],
];

describe('what is no checkpoint is named: ', () => {
  for (const [name, bytes, message] of FOREIGN) it(name, () => refuses(bytes, message));
});
