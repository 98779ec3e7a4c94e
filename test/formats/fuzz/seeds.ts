/** Valid files that fuzzing begins with. */
import { serializeSafetensors } from '../../../src/formats/safetensors/serialize.js';
import { fromFloat32, fromInt64, type StoredTensors, storedTensor } from '../../../src/formats/tensor.js';
import { writeTorchCheckpoint } from '../../../src/formats/torch/writeTorch.js';
import { joinBytes, latin1Bytes } from '../support/bytes.js';
import { dict, floatBytes, int, legacyFile, tensor, text, tuple } from '../support/torchFiles.js';

const tensors: StoredTensors = new Map([
  ['conv.weight', fromFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))],
  ['bn.num_batches_tracked', fromInt64([], BigInt64Array.of(7n))],
  ['half', storedTensor('f16', [3], new Uint8Array(6))],
  ['mask', storedTensor('bool', [4], Uint8Array.of(0, 1, 1, 0))],
]);

export const safetensors: readonly Uint8Array[] = [
  joinBytes(serializeSafetensors(tensors, new Map([['format', 'pt']]))),
  joinBytes(serializeSafetensors(new Map())),
];

const extras = new Map([
  ['acc', 12.5],
  ['epoch', 3],
]);
export const torchZips: readonly Uint8Array[] = [
  joinBytes(writeTorchCheckpoint(tensors, { wrapper: 'net', extras })),
  joinBytes(writeTorchCheckpoint(tensors)),
];

const strided = { total: 6, shape: [3, 2], strides: [1, 3] };

/** Objects of checkpoints, as pickled, whose storages are 0 (six floats) and 1 (four bytes). */
export const objects: readonly string[] = [false, true].map((legacy) => {
  const view = legacy ? 'N' : '';
  const entries = {
    a: tensor({ ...strided, view }),
    b: tensor({ ...strided, offset: 2, shape: [2, 2], strides: [0, 1], view }),
    c: tensor({ key: '1', storage: 'ByteStorage', total: 4, shape: [4], strides: [1], view }),
  };
  const metadata = `ccollections\nOrderedDict\n)R(${text('w')}${dict({ version: int(2) })}u`;
  return dict({
    state_dict: `${dict(entries)}}${text('_metadata')}${metadata}sb`,
    lr: int(1),
    betas: tuple(int(1), int(2)),
  });
});

export const storages = { 0: floatBytes(0, 1, 2, 3, 4, 5), 1: Uint8Array.of(1, 2, 3, 4) };

export const legacies: readonly Uint8Array[] = [
  legacyFile(objects[1]!, [
    ['0', 6, storages[0]],
    ['1', 4, storages[1]],
  ]),
];

const array =
  'cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01(K\x02K\x03t' +
  'cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x88U\x06abcdeftb';

/** Pickles in which most instructions occur. */
export const pickles: readonly Uint8Array[] = [
  `\x80\x02}q\x01(U\x04dataq\x02${array}U\x0bfine_labels]q\x03(K\x07K\x08eu.`,
  "(dp0\nVa\np1\n(lp2\nI1\naF3.5\naL12L\nag1\nasS'x\\n'\n(I1\ntp3\ns.",
  '\x80\x04\x95\x20\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94]\x94(K\x01G@\x0c\0\0\0\0\0\0\x88N\x8a\x02\0@h\x01e\x8c\x01s\x94\x8f\x94(K\x01\x90\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94\x8c\x01x\x94K\x01su.',
  'c__builtin__\nset\n](K\x01K\x02e\x85RccollectionsOrderedDict\n](K\x01K\x02\x86e\x85R\x86ccodecs\n0.',
  'c_codecs\nencode\nX\x02\0\0\0\xc3\xbfX\x06\0\0\0latin1\x86R.',
].map(latin1Bytes);
