import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { writeTorchCheckpoint } from '../../src/formats/torch/writeTorch.js';
import type { Model } from '../../src/models/model.js';
import { createModel } from '../../src/models/registry.js';
import { loadPretrained } from '../../src/runs/pretrained.js';
import { readWeights } from '../../src/runs/weights.js';
import type { Learner } from '../../src/train/learner.js';
import { floatsOf, type StateDictTensors, toStored } from '../../src/train/stateDict.js';
import { formulaTensors } from '../support/models.js';
import { TinyModel, withFolder, withTrainer } from '../train/fixtures/tiny.js';

/** The rows of a learner's classifier: weights and bias of each class. */
async function rowsOf(learner: Learner): Promise<number[][]> {
  return rows(await learner.stateDict());
}

function rows(tensors: StateDictTensors): number[][] {
  const [weight, bias] = [floatsOf(tensors.get('fc.weight')!), floatsOf(tensors.get('fc.bias')!)];
  const length = weight.length / bias.length;
  return Array.from(bias, (value, i) => [...weight.subarray(i * length, (i + 1) * length), value]);
}

interface Case {
  readonly title: string;
  readonly classes?: readonly string[];
  readonly keepClassifier?: boolean;
  /** Of each class: the file's row that it takes, or undefined for its initial values. */
  readonly from: readonly (number | undefined)[];
  readonly notice: RegExp;
}

const CASES: readonly Case[] = [
  {
    title: 'all rows of the same classes',
    classes: ['dark', 'bright', 'mixed'],
    from: [0, 1, 2],
    notice: /last\.safetensors: 3 of 3 classifier rows kept by class name$/,
  },
  {
    title: 'rows of the same names, in another order and among others',
    classes: ['bright', 'dark', 'dim', 'grey', 'mixed'],
    from: [1, 0, undefined, undefined, 2],
    notice: /3 of 5 classifier rows kept by class name, 2 initialised \(dim, grey\)$/,
  },
  {
    title: 'no rows of other classes of the same number',
    classes: ['ant', 'bee', 'cat'],
    from: [undefined, undefined, undefined],
    notice: /0 of 3 classifier rows kept by class name, 3 initialised \(ant, bee, cat\)$/,
  },
  {
    title: 'no rows where names are missing',
    classes: ['class 0', 'class 1', 'class 2'],
    from: [undefined, undefined, undefined],
    notice:
      /all 3 classifier rows initialised: without class names on both sides no row is kept unless keepClassifier is given$/,
  },
  {
    title: 'all rows where names are missing and that is asked for',
    keepClassifier: true,
    from: [0, 1, 2],
    notice: /all 3 classifier rows kept by position$/,
  },
  {
    title: 'no rows where names are missing and the number is another',
    classes: ['class 0', 'class 1'],
    from: [undefined, undefined],
    notice: /all 2 classifier rows initialised: the file’s is for 3 classes$/,
  },
];

describe('the classifier of a pretrained file', () => {
  for (const { title, classes, keepClassifier, from, notice } of CASES) {
    it(`gives ${title}`, () =>
      withFolder(async (folder) => {
        await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
        const path = join(folder, 'last.safetensors');
        const { tensors } = readWeights(path);
        await withTrainer({ seed: 99, model: new TinyModel(from.length) }, async ({ learner }) => {
          const initial = await rowsOf(learner);
          const notices: string[] = [];
          const onNotice = (text: string): number => notices.push(text);
          await loadPretrained(learner, path, { classes, keepClassifier, onNotice });
          const file = rows(tensors);
          assert.deepEqual(
            await rowsOf(learner),
            from.map((row, i) => (row === undefined ? initial[i] : file[row])),
          );
          for (const [name, tensor] of await learner.stateDict())
            if (!name.startsWith('fc.')) assert.deepEqual(tensor, tensors.get(name), name);
          assert.equal(notices.length, 1);
          assert.match(notices[0]!, notice);
        });
      }));
  }

  it('cannot be kept by position for another number of classes', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      await withTrainer({ model: new TinyModel(5) }, ({ learner }) =>
        assert.rejects(
          loadPretrained(learner, join(folder, 'last.safetensors'), { keepClassifier: true }),
          /a classifier for 3 classes, which cannot be kept for 5/,
        ),
      );
    }));
});

describe('class names in a pretrained file', () => {
  it('are found under every key that predict knows, if there is one for each row', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      const { tensors } = readWeights(join(folder, 'last.safetensors'));
      const path = join(folder, 'script.pth');
      const noticesOf = async (
        extras: readonly (readonly [string, readonly string[]])[],
      ): Promise<string> => {
        const bytes = writeTorchCheckpoint(toStored(tensors), { wrapper: 'net', extras: new Map(extras) });
        writeFileSync(path, Buffer.concat(bytes));
        const notices: string[] = [];
        await withTrainer({ seed: 99 }, async ({ learner }) => {
          const onNotice = (text: string): number => notices.push(text);
          await loadPretrained(learner, path, { classes: ['bright', 'dark', 'mixed'], onNotice });
        });
        return notices.join();
      };
      const names = ['dark', 'bright', 'mixed'];
      for (const key of ['classes', 'class_names', 'idx_to_class', 'categories', 'names', 'labels'])
        assert.match(await noticesOf([[key, names]]), /3 of 3 classifier rows kept by class name$/, key);
      const unnamed = /all 3 classifier rows initialised: without class names on both sides/;
      assert.match(await noticesOf([['classes', ['dark']]]), unnamed);
      const second = await noticesOf([
        ['classes', ['dark']],
        ['labels', names],
      ]);
      assert.match(second, /3 of 3 classifier rows kept by class name$/);
    }));
});

describe('loadPretrained', () => {
  it('starts a fresh classifier as PyTorch’s linear layer, where the model’s own would be larger', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'weights.safetensors');
      const lite = (classes: number): Model =>
        createModel({ name: 'efficientnet_lite0', classes, imageSize: 32 });
      writeFileSync(path, Buffer.concat(serializeSafetensors(toStored(formulaTensors(lite(7))))));
      await withTrainer({ model: lite(5) }, async ({ learner }) => {
        const weights = async (): Promise<Float32Array> =>
          floatsOf((await learner.stateDict()).get('classifier.weight')!);
        const before = await weights();
        await loadPretrained(learner, path);
        const after = await weights();
        const scale = after[0]! / before[0]!;
        assert.ok(after.every((value, i) => Math.abs(value - scale * before[i]!) < 1e-6));
        const largest = after.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        assert.ok(Math.abs(largest * Math.sqrt(1280) - 1) < 0.05, `${largest}`);
        assert.ok(scale < 0.1, `${scale}`);
      });
    }));

  it('refuses a file whose other tensors do not fit, and changes nothing', () =>
    withFolder(async (folder) => {
      await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
      await withTrainer({ model: new TinyModel(5, 6) }, async ({ learner }) => {
        const begin = await learner.stateDict();
        await assert.rejects(loadPretrained(learner, join(folder, 'last.safetensors')), (error) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, /conv\.weight \[4, 3, 3, 3\] instead of \[6, 3, 3, 3\]/);
          return true;
        });
        assert.deepEqual(await learner.stateDict(), begin);
      });
    }));
});
