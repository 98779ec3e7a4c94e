import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/errors.js';
import { NumpyArray, parsePickleWithNumpy } from '../../../src/formats/pickle/numpy.js';
import { textOf } from '../../../src/formats/pickle/values.js';
import { latin1Bytes } from '../support/bytes.js';

const parse = (text: string): ReturnType<typeof parsePickleWithNumpy> =>
  parsePickleWithNumpy(latin1Bytes(text), 'data_batch_1');

/** An array as NumPy pickles it under protocol 2 or 3. */
function array(dtype: string, shape: string, data: string, fortran = '\x89', module = 'numpy.core'): string {
  const type = `cnumpy\ndtype\nU\x02${dtype}K\0K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb`;
  const head = `c${module}.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R`;
  return `${head}(K\x01(${shape}t${type}${fortran}U${String.fromCharCode(data.length)}${data}tb`;
}

describe('NumPy arrays in pickles', () => {
  it('CIFAR’s layout, as Python 2 wrote it', () => {
    const text = `\x80\x02}q\x01(U\x04dataq\x02${array('u1', 'K\x02K\x03', 'abcdef')}U\x0bfine_labels]q\x03(K\x07K\x08eU\tfilenames](U\x01aU\x01beu.`;
    const value = parse(text);
    assert.ok(value instanceof Map);
    const data = value.get('data');
    assert.ok(data instanceof NumpyArray);
    assert.equal(data.kind, 'ndarray');
    assert.deepEqual([data.dtype, data.shape], ['u8', [2, 3]]);
    assert.deepEqual(data.data, latin1Bytes('abcdef'));
    assert.deepEqual(value.get('fine_labels'), [7, 8]);
    const names = value.get('filenames');
    assert.deepEqual(Array.isArray(names) && names.map(textOf), ['a', 'b']);
  });

  it('under the names of NumPy 2, and from buffers', () => {
    const later = parse(`${array('i2', 'K\x01', '\x01\x02', '\x89', 'numpy._core')}.`);
    assert.ok(later instanceof NumpyArray);
    assert.deepEqual([later.dtype, later.data], ['i16', Uint8Array.of(1, 2)]);
    const buffer = parse(
      'cnumpy.core.numeric\n_frombuffer\n(\x96\x04\0\0\0\0\0\0\0abcdcnumpy\ndtype\n\x8c\x02u1\x89\x88\x87RK\x02K\x02\x86\x8c\x01FtR.',
    );
    assert.ok(buffer instanceof NumpyArray);
    assert.deepEqual(buffer.data, latin1Bytes('acbd'));
  });

  it('in Fortran’s order become row-major', () => {
    const value = parse(`${array('i2', 'K\x02K\x03', 'a.b.c.d.e.f.', '\x88')}.`);
    assert.ok(value instanceof NumpyArray);
    assert.deepEqual(value.data, latin1Bytes('a.c.e.b.d.f.'));
  });
});

describe('NumPy’s others', () => {
  it('scalars become numbers', () => {
    const scalar = (dtype: string, data: string): string =>
      `cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02${dtype}\x89\x88\x87RC${String.fromCharCode(data.length)}${data}\x86R.`;
    assert.equal(parse(scalar('f8', '\0\0\0\0\0\0\x04@')), 2.5);
    assert.equal(parse(scalar('i4', '\xfe\xff\xff\xff')), -2);
    assert.equal(parse(scalar('b1', '\x01')), true);
    assert.throws(() => parse(scalar('f8', '\0')), /1 bytes for a NumPy array of f64 \[\]/);
  });
});

describe('a NumPy array is refused', () => {
  const cases: [string, string, RegExp][] = [
    ['too few bytes', array('u1', 'K\x02K\x03', 'abc'), /3 bytes for a NumPy array of u8 \[2, 3\]/],
    ['overflowing shape', array('u1', 'J\0\0\0\x7fJ\0\0\0\x7fJ\0\0\0\x7f', ''), /0 bytes for/],
    ['negative size', array('u1', 'J\xff\xff\xff\xff', ''), /has -1 as a number of the shape/],
    ['objects', array('O8', 'K\x01', 'abcdefgh'), /type O8/],
    ['text', array('U9', 'K\x01', ''), /type U9/],
    ['big-endian', array('i2', 'K\x01', 'ab').replace('U\x01<', 'U\x01>'), /big-endian/],
    [
      'a dtype that is none',
      array('u1', 'K\x01', 'a').replace(/cnumpy\ndtype.*tb(?=\x89)/s, 'K\x01'),
      /has 1 where a numpy.dtype/,
    ],
    [
      'another function of NumPy',
      'cnumpy.core.multiarray\nfromfile\n',
      /numpy\.core\.multiarray\.fromfile, which is not allowed/,
    ],
    ['PyTorch’s', 'ctorch._utils\n_rebuild_tensor_v2\n', /torch\._utils\._rebuild_tensor_v2/],
  ];
  for (const [name, text, message] of cases) {
    it(name, () =>
      assert.throws(
        () => parse(`${text}.`),
        (error) =>
          error instanceof UserError &&
          message.test(error.message) &&
          error.message.startsWith('data_batch_1 '),
      ),
    );
  }
});
