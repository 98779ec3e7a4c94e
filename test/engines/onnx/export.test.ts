import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOnnxModel } from '../../../src/engines/onnx/node/openModel.js';
import { freeze } from '../../../src/graph/freeze.js';
import { verifyProgram } from '../../../src/graph/verify.js';
import { createModel } from '../../../src/models/registry.js';
import { exportModelOnnx } from '../../../src/train/exportWeights.js';
import { evaluationProgram } from '../../../src/train/programs.js';
import { floatsOf } from '../../../src/train/stateDict.js';
import { formulaTensors, logitsOf } from '../../support/models.js';

const SIZE = 64;
const CLASSES = 7;
const BATCH = 3;
const DATA = {
  classes: Array.from({ length: CLASSES }, (_, i) => `c${i}`),
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.25, 0.3],
};

function assertClose(found: Float32Array, expected: Float32Array, tolerance: number): void {
  const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const error = expected.reduce((a, b, i) => Math.max(a, Math.abs(b - found[i]!)), 0);
  assert.ok(error <= tolerance * largest, `differs by ${error / largest} of the largest logit`);
}

describe('export to ONNX', () => {
  for (const name of ['resnet18', 'densenet121', 'shufflenetv2', 'skipblocknet']) {
    it(`${name}: any batch, the source's logits, with bytes and with 16-bit weights too`, async () => {
      const model = createModel({ name, classes: CLASSES, imageSize: SIZE });
      const tensors = formulaTensors(model);
      const bytes = Uint8Array.from({ length: BATCH * SIZE * SIZE * 3 }, (_, i) => (i * 37 + (i >> 7)) & 255);
      const images = new Float32Array(bytes.length);
      bytes.forEach((value, i) => {
        const [channel, pixel] = [i % 3, Math.floor(i / 3)];
        const [n, at] = [Math.floor(pixel / SIZE ** 2), pixel % SIZE ** 2];
        images[(n * 3 + channel) * SIZE ** 2 + at] = (value / 255 - DATA.mean[channel]!) / DATA.std[channel]!;
      });
      const expected = await logitsOf(model, tensors, images.slice());
      const plain = exportModelOnnx(model, tensors, DATA);
      assertClose(await runOnnxModel(plain, images, [BATCH, 3, SIZE, SIZE]), expected, 1e-4);
      const one = await runOnnxModel(plain, images.slice(0, 3 * SIZE * SIZE), [1, 3, SIZE, SIZE]);
      assertClose(one, expected.slice(0, CLASSES), 1e-4);
      const small = exportModelOnnx(model, tensors, { ...DATA, includePreprocessing: true, f16: true });
      assert.ok(small.length < 0.62 * plain.length, `${small.length} of ${plain.length} bytes`);
      assertClose(await runOnnxModel(small, bytes, [BATCH, SIZE, SIZE, 3]), expected, 2e-2);
    });
  }
});

describe('folding batch normalisation', () => {
  it('leaves those alone that a ReLU separates from the next convolution', () => {
    const left = (name: string): number => {
      const model = createModel({ name, classes: CLASSES, imageSize: SIZE });
      const values = new Map([...formulaTensors(model)].map(([key, tensor]) => [key, floatsOf(tensor)]));
      const folded = freeze(evaluationProgram(model, 2), values);
      verifyProgram(folded);
      assert.ok(folded.nodes.every(({ kind }) => kind !== 'variable'));
      return folded.nodes.filter(({ kind }) => kind === 'batchNormInference').length;
    };
    assert.equal(left('resnet18'), 0);
    assert.equal(left('skipblocknet'), 0);
    // The first of each bottleneck, and the last.
    assert.equal(left('densenet121'), 58 + 1);
  });

  it('refuses a variable without a value', () => {
    const model = createModel({ name: 'resnet18', classes: CLASSES, imageSize: SIZE });
    assert.throws(() => freeze(evaluationProgram(model, 1), new Map()), /conv1.weight has no value/);
  });
});
