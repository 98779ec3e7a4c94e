import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { startThreadEngine } from '../../src/engines/host/threadEngine.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { partsOf } from '../../src/models/parts.js';
import { adamw } from '../../src/optim/adamw.js';
import { withRateScales } from '../../src/optim/rateScales.js';
import { sgd } from '../../src/optim/sgd.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { freezingOf, rateScales } from '../../src/runs/fineTuning.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import { Learner } from '../../src/train/learner.js';
import { learnerState, restoreLearner } from '../../src/train/learnerState.js';
import { floatsOf, type StateDictTensors } from '../../src/train/stateDict.js';
import type { LabelledBatch } from '../../src/train/stepResult.js';
import { withoutEmulator } from '../engines/cuda/emulator/device.js';
import { onednnMissing } from '../support/onednn.js';
import { adamByHand, expectClose } from './fixtures/optimizers.js';
import { TinyModel, type TinyOptions, withFolder, withTrainer } from './fixtures/tiny.js';

const BACKBONE = new Set(partsOf(new TinyModel()).backbone.flat());

const subjects = [
  { engine: 'reference', skip: false },
  { engine: 'onnx', skip: false },
  { engine: 'onednn', skip: await onednnMissing() },
] as const;

const dataOf = (tensors: StateDictTensors, name: string): ArrayLike<number | bigint> =>
  tensors.get(name)!.data;

/** Engines on which a thawed backbone's updates are compared. */
const thawed = [
  ...subjects.map(({ engine, skip }) => ({
    ...{ name: engine, skip, start: () => createEngine(engine, { threads: 1, precision: 'f32' }) },
  })),
  {
    name: 'emulated CUDA',
    skip: withoutEmulator(),
    start: () =>
      startThreadEngine(
        {
          name: 'emulated CUDA',
          module: new URL('../engines/cuda/fixtures/emulatedBackend.js', import.meta.url),
        },
        { threads: 1, precision: 'f32', choices: {} },
      ),
  },
];

describe('a frozen backbone', () => {
  for (const { engine, skip } of subjects)
    for (const accumulate of [1, 2])
      it(
        `stays as it is, statistics and counters too: ${engine}, ${accumulate} batches a step`,
        { skip },
        () =>
          withTrainer({ engine, accumulate, epochs: 1, freezing: { names: BACKBONE } }, async (run) => {
            const before = await run.learner.stateDict();
            await run.trainer.run();
            const after = await run.learner.stateDict();
            for (const name of BACKBONE) assert.deepEqual(dataOf(after, name), dataOf(before, name), name);
            assert.notDeepEqual(dataOf(after, 'fc.weight'), dataOf(before, 'fc.weight'));
          }),
      );

  it('is trained from the epoch on in which it thaws', () =>
    withTrainer({ epochs: 2, freezing: { names: BACKBONE, until: 1 } }, async ({ trainer, learner }) => {
      const before = await learner.stateDict();
      const counts: ArrayLike<number | bigint>[] = [];
      trainer.listen((event) => {
        if (event.event === 'epoch' && event.epoch === 0)
          void learner.stateDict().then((state) => counts.push(dataOf(state, 'bn.num_batches_tracked')));
      });
      await trainer.run();
      const after = await learner.stateDict();
      for (const name of ['conv.weight', 'bn.bias', 'bn.running_mean'])
        assert.notDeepEqual(dataOf(after, name), dataOf(before, name), name);
      assert.deepEqual(counts, [BigInt64Array.of(0n)]);
      assert.deepEqual(dataOf(after, 'bn.num_batches_tracked'), BigInt64Array.of(5n));
    }));
});

/** Three epochs, the first with a frozen backbone. */
const thawing: TinyOptions = {
  epochs: 3,
  freezing: { names: BACKBONE, until: 1 },
  optimizer: adamw(),
  schedule: () => 0.01,
};

describe('a backbone that thaws', () => {
  for (const stopAt of [3, 7])
    it(`resumes bit for bit, with AdamW, from step ${stopAt}`, () =>
      withFolder((whole) =>
        withFolder(async (broken) => {
          await withTrainer({ ...thawing, folder: whole }, ({ trainer }) => trainer.run());
          await withTrainer({ ...thawing, folder: broken }, async ({ trainer }) => {
            trainer.listen(
              (event) => event.event === 'step' && event.globalStep === stopAt && trainer.stop(),
            );
            await trainer.run();
          });
          const checkpoint = readCheckpoint(join(broken, 'last.safetensors'));
          const { progress } = checkpoint.training!;
          await withTrainer({ ...thawing, folder: broken, progress }, async ({ trainer, learner }) => {
            await restoreLearner(learner, checkpoint);
            await trainer.run();
          });
          const [a, b] = [whole, broken].map((folder) => readCheckpoint(join(folder, 'last.safetensors')));
          assert.deepEqual(b!.tensors, a!.tensors);
        }),
      ));

  it('of a configuration is a number of parts, or all', () => {
    const model = new TinyModel();
    assert.equal(freezingOf(TRAIN_DEFAULTS, model), undefined);
    const all = freezingOf({ ...TRAIN_DEFAULTS, freeze: 'backbone', unfreezeAfter: 2 }, model)!;
    assert.deepEqual([all.names, all.until], [BACKBONE, 2]);
    assert.equal(all.notice, 'frozen: 1 of 1 parts, up to bn (89% of the parameters)');
    assert.throws(
      () => freezingOf({ ...TRAIN_DEFAULTS, freeze: '2' }, model),
      /^SettingError: freeze 2 is too many: tiny has 1 parts before its classifier$/,
    );
  });
});

describe('the updates of a backbone that thaws', () => {
  it('are counted from its first update on, in checkpoints too; those without the numbers are read', () =>
    withFolder((folder) =>
      withTrainer({ ...thawing, folder }, async ({ trainer, learner }) => {
        await trainer.run();
        const checkpoint = readCheckpoint(join(folder, 'last.safetensors'));
        const { tensors } = checkpoint;
        assert.deepEqual(dataOf(tensors, 'optimizer.step'), BigInt64Array.of(15n));
        assert.deepEqual(dataOf(tensors, 'optimizer.step.conv.weight'), BigInt64Array.of(10n));
        assert.ok(!tensors.has('optimizer.step.fc.weight'));
        const older = new Map([...tensors].filter(([name]) => !name.startsWith('optimizer.step.')));
        await restoreLearner(learner, { ...checkpoint, tensors: older });
        assert.deepEqual([...(await learnerState(learner)).keys()].sort(), [...older.keys()].sort());
        await restoreLearner(learner, checkpoint);
        assert.deepEqual(await learnerState(learner), tensors);
      }),
    ));

  for (const { name, skip, start } of thawed)
    it(`follow AdamW's rule from zero, as in PyTorch: ${name}`, { skip }, async () => {
      const engine = await start();
      try {
        const optimizer = adamw({ weightDecay: 0 });
        const parts = { engine, model: new TinyModel(), loss: crossEntropyLoss(), optimizer, batchSize: 4 };
        const learner = await Learner.create(parts);
        const batch = (): LabelledBatch => ({
          images: Float32Array.from({ length: 4 * 3 * 64 }, (_, i) => Math.sin(i)),
          labels: Int32Array.of(0, 1, 2, 0),
        });
        await learner.freeze(BACKBONE);
        for (let step = 0; step < 20; step++) await learner.step(batch(), { learningRate: 0.01, step });
        await learner.freeze(new Set());
        const entry = 'conv.weight';
        const start = floatsOf((await learner.stateDict()).get(entry)!);
        const gradients: Float32Array[] = [];
        for (let step = 20; step < 24; step++) {
          gradients.push((await learner.gradients(batch())).gradients.get(entry)!);
          await learner.step(batch(), { learningRate: 0.01, step });
        }
        const { value } = adamByHand(start, gradients, 0.01);
        expectClose(floatsOf((await learner.stateDict()).get(entry)!), value, entry);
        await learner.close();
      } finally {
        await engine.close();
      }
    });
});

describe('learning rates of parts', () => {
  it('fall from the classifier back, as timm’s layer decay', () => {
    const parts = { decayGroups: [['a'], ['b', 'c'], ['fc', 'd']], head: ['fc'] };
    assert.deepEqual(
      [...rateScales(parts, { headLrScale: 10, layerDecay: 0.5 })],
      [
        ['a', 0.25],
        ['b', 0.5],
        ['c', 0.5],
        ['fc', 10],
        ['d', 1],
      ],
    );
  });

  it('scale the steps of an optimiser', async () => {
    const engine = await createEngine('reference');
    try {
      const changes = async (factor: number): Promise<Float32Array> => {
        const optimizer = withRateScales(sgd({ weightDecay: 0 }), (name) =>
          name === 'fc.bias' ? factor : 1,
        );
        const learner = await Learner.create({
          engine,
          model: new TinyModel(),
          loss: crossEntropyLoss(),
          optimizer,
          batchSize: 4,
        });
        const read = async (): Promise<Float32Array> =>
          (await learner.stateDict()).get('fc.bias')!.data as Float32Array;
        const before = await read();
        const images = Float32Array.from({ length: 4 * 3 * 64 }, (_, i) => Math.sin(i));
        await learner.step({ images, labels: Int32Array.of(0, 1, 2, 0) }, { learningRate: 0.1, step: 0 });
        const after = await read();
        return after.map((value, i) => value - before[i]!);
      };
      const [once, thrice] = [await changes(1), await changes(3)];
      once.forEach((change, i) => {
        assert.ok(Math.abs(thrice[i]! - 3 * change) < 1e-6, `${thrice[i]} instead of ${3 * change}`);
      });
    } finally {
      await engine.close();
    }
  });
});
