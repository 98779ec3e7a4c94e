/** What `export` and checkpoints write, read by Python. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { createModel, type ModelOptions } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { saveCheckpoint } from '../../src/runs/checkpoint.js';
import { readWeights } from '../../src/runs/weights.js';
import type { CheckpointInfo } from '../../src/train/checkpointInfo.js';
import { NO_PROGRESS } from '../../src/train/checkpointInfo.js';
import { exportSafetensors, exportTorch } from '../../src/train/exportWeights.js';
import { Learner } from '../../src/train/learner.js';
import { formulaInput, formulaLabels } from '../support/formula.js';
import { formulaTensors, logitsOf } from '../support/models.js';
import { runPython, skipWithoutPython } from '../support/python.js';
import { withFolder } from '../train/fixtures/tiny.js';

const CLASSES = 12;
const SIZE = 64;
const BATCH = 3;
const MODELS: readonly Omit<ModelOptions, 'classes'>[] = [
  { name: 'resnet18', imageSize: 32 },
  { name: 'densenet121', imageSize: 32 },
  { name: 'shufflenetv2', ratio: 0.5, imageSize: 32 },
  { name: 'skipblocknet', imageSize: SIZE },
  { name: 'skipblocknet', width: 0.5, imageSize: SIZE },
  { name: 'skipblocknet', width: 1.25, imageSize: SIZE },
];

/** Loads args['path'] into PyTorch's model, strictly, and gives its logits of the tensor `images`. */
const LOGITS = `
from models import create
state = LOAD
model = create(args['name'], ${CLASSES}, ratio=args.get('ratio') or 1.0, width=args.get('width') or 1.0).eval()
model.load_state_dict(state)
with torch.no_grad():
    result['logits'] = model(tensors['images'])[0]
`;
const FROM_PTH = LOGITS.replace('LOAD', "torch.load(args['path'], weights_only=True)['net']");
const FROM_SAFETENSORS = LOGITS.replace(
  'LOAD',
  "{k: v for k, v in __import__('safetensors.torch').torch.load_file(args['path']).items() if not k.startswith(('optimizer.', 'loss.'))}",
);

function assertClose(found: Float32Array, expected: Float32Array): void {
  const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const error = expected.reduce((a, b, i) => Math.max(a, Math.abs(b - found[i]!)), 0);
  assert.ok(error <= 1e-4 * largest, `differs by ${error}, the largest logit being ${largest}`);
}

async function pythonLogits(
  source: string,
  args: Omit<ModelOptions, 'classes'> & { path: string },
  images: Float32Array,
): Promise<Float32Array> {
  const size = args.imageSize!;
  const shape = [images.length / (3 * size * size), 3, size, size];
  const { tensors } = await runPython(source, { args, tensors: { images: { shape, data: images } } });
  return tensors.logits!.data as Float32Array;
}

describe('an exported .pth in PyTorch', { skip: skipWithoutPython() }, () => {
  for (const options of MODELS) {
    it(`${options.name} ${options.ratio ?? options.width ?? ''}: the same logits`, () =>
      withFolder(async (folder) => {
        const model = createModel({ ...options, classes: CLASSES });
        const tensors = formulaTensors(model);
        const images = formulaInput('export', BATCH, model.config.imageSize);
        const path = join(folder, 'model.pth');
        writeFileSync(path, Buffer.concat(exportTorch(tensors)));
        const expected = await logitsOf(model, tensors, images.slice());
        assertClose(await pythonLogits(FROM_PTH, { ...options, path }, images), expected);
      }));
  }
});

/** Trains a step and writes a checkpoint; returns the model's logits afterwards. */
async function trainedCheckpoint(path: string, images: Float32Array): Promise<Float32Array> {
  const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: CLASSES });
  const engine = await createEngine('onnx');
  try {
    const parts = { engine, model, loss: biasLoss(), optimizer: sgd(), batchSize: BATCH };
    const learner = await Learner.create(parts);
    const labels = formulaLabels(BATCH, CLASSES);
    await learner.step({ images: images.slice(), labels }, { learningRate: 0.01, step: 0 });
    const data = {
      classes: Array.from({ length: CLASSES }, (_, i) => `c${i}`),
      mean: [0, 0, 0],
      std: [1, 1, 1],
    };
    const progress = { ...NO_PROGRESS, epoch: 4, bestTop1: 61.25, lastTop1: 60.5 };
    const info: CheckpointInfo = { model: model.config, data, training: { progress, config: {} } };
    await saveCheckpoint(path, learner, info);
    return (await learner.predict(images.slice())).logits;
  } finally {
    await engine.close();
  }
}

describe('a checkpoint of training in Python', () => {
  it(
    'as .pth: the same logits, with the accuracy and the number of its epoch',
    {
      skip: skipWithoutPython(),
    },
    () =>
      withFolder(async (folder) => {
        const images = formulaInput('checkpoint', BATCH, 32);
        const expected = await trainedCheckpoint(join(folder, 'last.safetensors'), images);
        const weights = readWeights(join(folder, 'last.safetensors'));
        const path = join(folder, 'last.pth');
        writeFileSync(path, Buffer.concat(exportTorch(weights.tensors, weights)));
        const options = { name: 'shufflenetv2', ratio: 0.5, imageSize: 32, path };
        assertClose(await pythonLogits(FROM_PTH, options, images), expected);
        const { values } = await runPython<{ acc: number; epoch: number; counted: number }>(
          `file = torch.load(args['path'], weights_only=True)
result['acc'], result['epoch'] = float(file['acc']), file['epoch']
result['counted'] = int(file['net']['pre.1.num_batches_tracked'])`,
          { args: { path } },
        );
        assert.deepEqual(values, { acc: 60.5, epoch: 3, counted: 1 });
        // Read back and written again, not a byte differs.
        const back = readWeights(path);
        assert.deepEqual(back.tensors, weights.tensors);
        assert.deepEqual(Buffer.concat(exportTorch(back.tensors, back)), readFileSync(path));
      }),
  );

  it(
    'as safetensors, itself and exported: the same logits',
    {
      skip: skipWithoutPython('numpy', 'torch', 'safetensors.torch'),
    },
    () =>
      withFolder(async (folder) => {
        const images = formulaInput('checkpoint', BATCH, 32);
        const own = join(folder, 'last.safetensors');
        const expected = await trainedCheckpoint(own, images);
        const { tensors, info } = readWeights(own);
        const exported = join(folder, 'exported.safetensors');
        writeFileSync(exported, Buffer.concat(exportSafetensors(tensors, info!)));
        for (const path of [own, exported]) {
          const options = { name: 'shufflenetv2', ratio: 0.5, imageSize: 32, path };
          assertClose(await pythonLogits(FROM_SAFETENSORS, options, images), expected);
        }
        assert.deepEqual(readWeights(exported).tensors, tensors);
      }),
  );
});
