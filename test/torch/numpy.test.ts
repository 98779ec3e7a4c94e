import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { NumpyArray, parsePickleWithNumpy } from '../../src/formats/pickle/numpy.js';
import { runPython, skipWithoutPython } from '../support/python.js';

it('NumPy’s arrays in every protocol of pickle', { skip: skipWithoutPython() }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-numpy-'));
  await runPython(
    `
import pickle
data = {b'data': np.arange(12, dtype='u1').reshape(3, 4), 'f': np.asfortranarray(np.arange(6, dtype='f4').reshape(2, 3)),
        'labels': [1, 2, 70000], 'names': ['a', 'ü'], b'bytes': b'', 'x': np.float64(0.5), 'n': None, 't': (1, -2 ** 40)}
for protocol in range(6):
    with open('%s/numpy%d.pkl' % (args['folder'], protocol), 'wb') as f:
        pickle.dump(data, f, protocol)`,
    { args: { folder } },
  );
  for (let protocol = 0; protocol < 6; protocol++) {
    const path = join(folder, `numpy${protocol}.pkl`);
    const value = parsePickleWithNumpy(readFileSync(path), path);
    assert.ok(value instanceof Map);
    const [data, floats] = [value.get('data'), value.get('f')];
    assert.ok(data instanceof NumpyArray && floats instanceof NumpyArray);
    assert.deepEqual(
      [data.dtype, data.shape, [...data.data]],
      ['u8', [3, 4], Array.from({ length: 12 }, (_, i) => i)],
    );
    assert.deepEqual([...new Float32Array(floats.data.slice().buffer)], [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(
      [value.get('labels'), value.get('names'), value.get('x')],
      [[1, 2, 70000], ['a', 'ü'], 0.5],
    );
    assert.deepEqual(value.get('bytes'), new Uint8Array(0));
  }
  rmSync(folder, { recursive: true });
});
