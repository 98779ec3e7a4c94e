import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runOnnxModel } from '../../src/engines/onnx/node/openModel.js';
import { verifyProgram } from '../../src/graph/verify.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import type { Model } from '../../src/models/model.js';
import { recogniseModel } from '../../src/models/recognise.js';
import { families, modelNames } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { exportModelOnnx, exportSafetensors, exportTorch } from '../../src/train/exportWeights.js';
import { evaluationProgram, trainProgram } from '../../src/train/programs.js';
import { floatsOf, type StateDictTensors, type StateTensor } from '../../src/train/stateDict.js';
import { parseWeights } from '../../src/train/weights.js';
import { formulaInput } from '../support/formula.js';
import { relativeError } from '../support/golden.js';
import { formulaTensors, logitsOf } from '../support/models.js';

const CLASSES = 5;
const SIZE = 64;
const DATA = { classes: ['a', 'b', 'c', 'd', 'e'], mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] };

/** The first model of each family. */
const firsts = new Map([...modelNames].reverse().map((name) => [families.declarationOf(name)!.family, name]));

const bytesOf = (tensor: StateTensor): Buffer => {
  const { buffer, byteOffset, byteLength } = floatsOf(tensor);
  return Buffer.from(buffer, byteOffset, byteLength);
};

function assertSame(found: StateDictTensors, expected: StateDictTensors): void {
  assert.deepEqual([...found.keys()], [...expected.keys()]);
  for (const [name, tensor] of expected)
    if (tensor.dtype === 'f32') assert.ok(bytesOf(found.get(name)!).equals(bytesOf(tensor)), name);
}

describe('a model at the size of a user’s images', () => {
  for (const name of modelNames) {
    it(`${name} has a training step and an evaluation under the bias loss`, () => {
      for (const imageSize of [64, 75, 96, 128]) {
        const model = families.create({ name, classes: CLASSES, imageSize });
        verifyProgram(trainProgram(model, biasLoss(), sgd({ momentum: 0.9 }), 2));
        const evaluation = evaluationProgram(model, 2, { features: true });
        verifyProgram(evaluation);
        const [images, , height, width] = evaluation.values[evaluation.outputs.features!]!.shape;
        assert.equal(images, 2);
        assert.ok(height! >= 2 && height === width, `${height}×${width} at ${imageSize}`);
      }
    });
  }
});

/** Logits of the exported model beside those of the engine, for three images. */
async function checkOnnx(model: Model, tensors: StateDictTensors): Promise<void> {
  const images = formulaInput('test', 3, SIZE);
  const found = await runOnnxModel(exportModelOnnx(model, tensors, DATA), images.slice(), [3, 3, SIZE, SIZE]);
  const logits = await logitsOf(model, tensors, images);
  assert.equal(found.length, logits.length);
  assert.ok(relativeError(found, logits) < 1e-5, `${relativeError(found, logits)}`);
}

function checkFiles(model: Model, tensors: StateDictTensors): void {
  const info = { model: model.config, data: DATA };
  for (const parts of [exportSafetensors(tensors, info), exportTorch(tensors, { info })]) {
    const read = parseWeights(new Uint8Array(Buffer.concat(parts)), 'weights');
    assertSame(read.tensors, tensors);
    assert.equal(recogniseModel(read.tensors)?.name, model.config.name);
    assert.deepEqual(read.info?.model, model.config);
  }
}

describe('an exported model of each family', () => {
  for (const name of [...firsts.values()].reverse()) {
    it(`${name} has the same logits as ONNX, and is recognised from .safetensors and .pth`, async () => {
      const model = families.create({ name, classes: CLASSES, imageSize: SIZE });
      const tensors = formulaTensors(model);
      await checkOnnx(model, tensors);
      checkFiles(model, tensors);
    });
  }
});
