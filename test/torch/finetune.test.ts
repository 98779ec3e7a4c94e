/**
 * The recipe `finetune` and PyTorch's side of `bench finetune` train alike. From the same random numbers, all training images of an epoch are the
 * same. A classifier behind a frozen backbone, from the same weights on the same batches, has the same learning rates and losses throughout and ends
 * at the same logits. With a whole model rounding soon decides the signs of AdamW's small updates.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Batch } from '../../src/data/batch.js';
import { loadData } from '../../src/runs/loadData.js';
import { openParts, type RunParts } from '../../src/runs/openParts.js';
import { besideGiven, recipeSettings } from '../../src/runs/settings/recipes.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { scheduleOf } from '../../src/runs/trainingParts.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { drawClasses } from '../cli/fixtures/images.js';
import { onednnMissing } from '../support/onednn.js';
import { type PythonTensor, runPython, skipWithoutPython } from '../support/python.js';
import { withFolder } from '../train/fixtures/tiny.js';

const [SIZE, BATCH, EPOCHS] = [64, 8, 4];
const CLASSES = ['broad', 'narrow', 'wide'];

const PYTHON = `
import finetune
from torchvision_models import create
torch.set_num_threads(1)
model = create('shufflenet_v2_x0_5', 3).eval()
for name, parameter in model.named_parameters():
    parameter.requires_grad_(name.startswith('fc.'))
state = model.state_dict()
model.load_state_dict({name: tensors[name].to(value.dtype).reshape(value.shape) for name, value in state.items()})
optimizer = torch.optim.AdamW(finetune.groups(model), lr=finetune.RATE)
criterion = torch.nn.CrossEntropyLoss(label_smoothing=finetune.SMOOTHING)
steps, losses, rates = len(tensors['batches']), [], []
for step in range(steps):
    rates.append(finetune.rate(step, steps))
    for group in optimizer.param_groups:
        group['lr'] = rates[-1]
    optimizer.zero_grad()
    loss = criterion(model(tensors['batches'][step]), tensors['labels'][step].long())
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    result['logits'] = model(tensors['test'])
    result['weight'], result['bias'] = model.fc.weight, model.fc.bias
result.update(losses=losses, rates=rates)
`;

interface Trained {
  readonly rates: number[];
  readonly losses: number[];
  readonly logits: Float32Array;
  /** Of the classifier, after the last step. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** The initial weights, all batches and the images of the evaluation. */
  readonly tensors: Record<string, PythonTensor>;
}

/** Trains by the recipe and keeps what went in. */
async function trained(config: TrainConfig, { learner, train, test, freezing }: RunParts): Promise<Trained> {
  const tensors: Record<string, PythonTensor> = {};
  for (const [name, tensor] of await learner.stateDict())
    tensors[name] = { shape: [...tensor.shape], data: floatsOf(tensor).slice() };
  await learner.freeze(freezing!.names);
  const schedule = scheduleOf(config);
  const [rates, losses]: number[][] = [[], []];
  const batches: Pick<Batch, 'images' | 'labels'>[] = [];
  for (let epoch = 0; epoch < config.epochs; epoch++) {
    let step = 0;
    for await (const { images, labels } of train.epoch(epoch)) {
      const learningRate = schedule(epoch, step++, train.stepsPerEpoch);
      batches.push({ images: images.slice(), labels: labels.slice() });
      const { loss } = await learner.step({ images, labels }, { learningRate, step: rates!.length });
      rates!.push(learningRate);
      losses!.push(loss);
    }
  }
  const first = await test.epoch(0).next();
  const data = (first.value as Batch).images.slice();
  await learner.beginEvaluation();
  const { logits } = await learner.predict(data.slice());
  tensors.test = { shape: [BATCH, 3, SIZE, SIZE], data };
  tensors.batches = {
    shape: [batches.length, BATCH, 3, SIZE, SIZE],
    data: Float32Array.from(batches.flatMap(({ images }) => [...images])),
  };
  tensors.labels = {
    shape: [batches.length, BATCH],
    data: Int32Array.from(batches.flatMap(({ labels }) => [...labels])),
  };
  await learner.endEvaluation();
  const state = await learner.stateDict();
  const [weight, bias] = ['fc.weight', 'fc.bias'].map((name) => floatsOf(state.get(name)!));
  return { rates: rates!, losses: losses!, logits, weight: weight!, bias: bias!, tensors };
}

/** The greatest difference. */
function furthest(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(found.length, expected.length);
  return Math.max(...Array.from(found, (value, i) => Math.abs(value - expected[i]!)));
}

describe('the recipe finetune on PyTorch’s batches', {
  skip: skipWithoutPython('numpy', 'torch', 'torchvision'),
}, () => {
  for (const engine of ['onnx', 'onednn'] as const)
    it(`has PyTorch’s learning rates, losses and logits on ${engine}`, (t) =>
      withFolder(async (folder) => {
        const missing = engine === 'onednn' && (await onednnMissing());
        if (missing) return t.skip(missing);
        await drawClasses(join(folder, 'train'), CLASSES, 8);
        await drawClasses(join(folder, 'val'), CLASSES, 3);
        const given: Partial<TrainConfig> = {
          ...{ data: 'imagefolder', dataPath: folder, imageSize: SIZE, batchSize: BATCH, epochs: EPOCHS },
          ...{ model: 'shufflenet_v2_x0_5', freeze: 'backbone', engine, threads: 1 },
        };
        const config = { ...TRAIN_DEFAULTS, ...besideGiven(recipeSettings('finetune'), given), ...given };
        const parts = await openParts(await loadData(config), { config });
        try {
          const { tensors, ...ours } = await trained(config, parts);
          assert.equal(ours.losses.length, 12);
          const { values, tensors: theirs } = await runPython<Pick<Trained, 'rates' | 'losses'>>(PYTHON, {
            tensors,
          });
          assert.ok(furthest(ours.rates, values.rates) < 1e-9);
          assert.ok(furthest(ours.losses, values.losses) < 1e-5);
          assert.ok(furthest(ours.logits, theirs.logits!.data as Float32Array) < 1e-5);
          for (const name of ['weight', 'bias'] as const) {
            const way = furthest(ours[name], tensors[`fc.${name}`]!.data as Float32Array);
            const difference = furthest(ours[name], theirs[name]!.data as Float32Array);
            t.diagnostic(
              `${name}: moved by up to ${way.toExponential(1)}, differs by ${difference.toExponential(1)}`,
            );
            assert.ok(way > 1e-4 && difference < 1e-3 * way, `${name} differs by ${difference} of ${way}`);
          }
        } finally {
          await parts.close();
        }
      }));
});
