/** Files that ask for far more time or memory than their own size. */
import { joinBytes, latin1Bytes, littleEndian } from '../support/bytes.js';
import { dict, floatBytes, tensor, zipFile } from '../support/torchFiles.js';

/** A hostile file, and the format it pretends to be. */
export interface Bomb {
  readonly format: 'pickle' | 'torch' | 'safetensors';
  readonly make: () => Uint8Array;
}

/** Size of most of these files. */
const SIZE = 8_000_000;

function pickle(start: string, repeated: string, end = '.'): Bomb {
  const make = (): Uint8Array =>
    latin1Bytes(start + repeated.repeat(Math.floor(SIZE / repeated.length)) + end);
  return { format: 'pickle', make };
}

function header(start: string, repeated: string, end: string): Bomb {
  const make = (): Uint8Array => {
    const text = latin1Bytes(start + repeated.repeat(Math.floor(SIZE / repeated.length)) + end);
    return joinBytes([littleEndian([text.length, 8]), text]);
  };
  return { format: 'safetensors', make };
}

/** A header with `count` different entries between `start` and `end`. */
function entries(start: string, count: number, entry: (i: number) => string, end: string): Bomb {
  const make = (): Uint8Array =>
    header(start + Array.from({ length: count }, (_, i) => entry(i)).join(','), ' ', end).make();
  return { format: 'safetensors', make };
}

const list = (length: number): string => `(${'N'.repeat(length)}l\x94`;

export const bombs: Readonly<Record<string, Bomb>> = {
  'empty dicts': pickle('(', '}', 'l.'),
  'empty strings': pickle('(', 'U\0', 'l.'),
  'nested lists': pickle('', ']'),
  'nested tuples': pickle(')', '\x85'),
  'open marks': pickle('', '('),
  'None without end': pickle('(', 'N', 'l.'),
  'copies of the top': pickle('N', '2'),
  'remembered objects': pickle('N', '\x94'),
  'large numbers for objects': pickle('N', 'r\xff\xff\xff\xff'),
  'a list doubled again and again': pickle(']\x94', '(h\0h\0l\x94'),
  'sets of a long list': pickle(`${list(100_000)}0`, 'cbuiltins\nset\nh\0\x85R0'),
  'lists of a long list': pickle(`${list(100_000)}0(`, 'cbuiltins\nlist\nh\0\x85R'),
  'bytes of a long text': pickle(
    `X\0\0\x10\0${'x'.repeat(2 ** 20)}\x940(`,
    'c_codecs\nencode\nh\0U\x06latin1\x86R',
  ),
  'long keys in pairs': {
    format: 'pickle',
    make: () => {
      const key = `B\0\0\x10\0${'x'.repeat(2 ** 20)}\x940`;
      return latin1Bytes(`${key}ccollections\nOrderedDict\n(${'h\0N\x86'.repeat(100_000)}l\x85R.`);
    },
  },
  'arrays of Fortran’s order': pickle(
    `cnumpy\ndtype\nU\x02u1\x85R\x940B\0\0\x10\0${'x'.repeat(2 ** 20)}\x940(`,
    'cnumpy.core.numeric\n_frombuffer\n(h\x01h\0J\0\x08\0\0J\0\x02\0\0\x86U\x01FtR',
  ),
  'digits of an integer': { format: 'pickle', make: () => latin1Bytes(`L${'9'.repeat(SIZE)}L\n.`) },
  'a length beyond the file': { format: 'pickle', make: () => latin1Bytes('\x8e\0\0\0\0\0\x01\0\0x') },
  'tensors that repeat an element': {
    format: 'torch',
    make: () => {
      const place = { total: 1, shape: [2 ** 24], strides: [0] };
      const all = Array.from({ length: 5000 }, (_, i) => [`w${i}`, tensor(place)]);
      return zipFile(dict(Object.fromEntries(all)), { 0: floatBytes(1) });
    },
  },
  'tensors of many dimensions': {
    format: 'torch',
    make: () => {
      const shape = new Array(100_000).fill(1);
      return zipFile(dict({ w: tensor({ total: 1, shape, strides: shape }) }), { 0: floatBytes(1) });
    },
  },
  'nested arrays in a header': header('{"a":', '[', ''),
  'spaces in a header': header('{', ' ', '}'),
  'a long shape': header('{"a":{"shape":[1', ',1', ']'),
  'a long name': header('{"', 'a', '":1}'),
  'a name of escapes': header('{"', '\\\\', '":1}'),
  'metadata of many keys': entries('{"__metadata__":{', 600_000, (i) => `"${i}":""`, '}}'),
  'many empty tensors': entries(
    '{',
    90_000,
    (i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
    '}',
  ),
};
