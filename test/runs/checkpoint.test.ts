import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { parseSafetensors } from '../../src/formats/safetensors/parse.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { fromFloat32 } from '../../src/formats/tensor.js';
import { sgd } from '../../src/optim/sgd.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { readWeights } from '../../src/runs/weights.js';
import { type CheckpointInfo, infoOf, metadataOf } from '../../src/train/checkpointInfo.js';
import { restoreLearner } from '../../src/train/learnerState.js';
import { TinyModel, withFolder, withTrainer } from '../train/fixtures/tiny.js';

/** Runs `body` with the path of a checkpoint of the tiny model after an epoch. */
function withCheckpoint(body: (path: string) => Promise<void> | void): Promise<void> {
  return withFolder(async (folder) => {
    await withTrainer({ folder, epochs: 1 }, ({ trainer }) => trainer.run());
    await body(join(folder, 'last.safetensors'));
  });
}

function isSentence(start: string | RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    if (typeof start === 'string') assert.ok(error.message.startsWith(start), error.message);
    else assert.match(error.message, start);
    assert.ok(!error.message.includes('\n'));
    return true;
  };
}

const INFO: CheckpointInfo = {
  model: { name: 'tiny', classes: 3, imageSize: 8 },
  data: { classes: ['a', 'b', 'c'], mean: [0, 0, 0], std: [1, 1, 1] },
  training: {
    progress: {
      epoch: 1,
      step: 2,
      globalStep: 7,
      bestTop1: 50,
      sums: { images: 4, top1: 1, top5: 2, crossEntropy: 3.5, loss: 2.25 },
      seconds: 1.5,
    },
    config: { model: 'tiny' },
  },
};

describe('checkpoint', () => {
  it('holds the model under its own names, the training state under prefixes, and the progress', () =>
    withCheckpoint((path) => {
      const { tensors, training, model, data } = readCheckpoint(path);
      const names = new TinyModel().stateEntries().map(({ name }) => name);
      assert.deepEqual([...readWeights(path).tensors.keys()], names);
      const momenta = ['conv.weight', 'bn.weight', 'bn.bias', 'fc.weight', 'fc.bias'];
      assert.deepEqual([...tensors.keys()].slice(names.length), [
        ...momenta.map((name) => `optimizer.momentum.${name}`),
        'loss.running_min',
        'optimizer.step',
      ]);
      assert.deepEqual(tensors.get('optimizer.step')!.data, BigInt64Array.of(5n));
      assert.deepEqual(tensors.get('bn.num_batches_tracked')!.data, BigInt64Array.of(5n));
      assert.ok(tensors.get('loss.running_min')!.data[0]! < 100_000);
      assert.equal(training!.progress.globalStep, 5);
      assert.equal(model.name, 'tiny');
      assert.deepEqual(data.classes, ['dark', 'bright', 'mixed']);
    }));

  it('is a file that any reader of safetensors takes', () =>
    withCheckpoint((path) => {
      const { tensors } = parseSafetensors(new Uint8Array(readFileSync(path)), path);
      assert.deepEqual(tensors.get('conv.weight')!.shape, [4, 3, 3, 3]);
      assert.equal(tensors.get('bn.num_batches_tracked')!.dtype, 'i64');
    }));
});

describe('a checkpoint of values that are not finite', () => {
  it('is not written, with the step and the file that stays', () =>
    withFolder((folder) =>
      withTrainer(
        {
          folder,
          checkpointSeconds: 0,
          // A decay of 100 times the weights, at the second step with nearly the largest rate that there is.
          optimizer: sgd({ weightDecay: 100 }),
          schedule: (_, step) => (step === 1 ? 3e38 : 1e-4),
        },
        async ({ trainer }) => {
          const path = join(folder, 'last.safetensors');
          await assert.rejects(
            trainer.run(),
            isSentence(/^\S+ is no longer finite after 0 epochs and 2 steps; \S+ is left as it was: try a/),
          );
          assert.equal(readCheckpoint(path).training!.progress.globalStep, 1);
        },
      ),
    ));

  it('is not read, as a checkpoint or as weights', () =>
    withCheckpoint((path) => {
      const { tensors, metadata } = parseSafetensors(new Uint8Array(readFileSync(path)), path);
      const wrong = fromFloat32([3], Float32Array.of(0, Number.NaN, 1));
      const parts = serializeSafetensors(new Map([...tensors, ['fc.bias', wrong]]), metadata);
      writeFileSync(path, Buffer.concat(parts));
      const message = `${path}: fc.bias has values that are not finite`;
      assert.throws(() => readCheckpoint(path), isSentence(message));
      assert.throws(() => readWeights(path), isSentence(message));
    }));

  it('is not read with a negative variance, whose root would be NaN', () =>
    withCheckpoint((path) => {
      const { tensors, metadata } = parseSafetensors(new Uint8Array(readFileSync(path)), path);
      const write = (values: readonly number[]): void => {
        const variance = fromFloat32([4], Float32Array.from(values));
        const parts = serializeSafetensors(new Map([...tensors, ['bn.running_var', variance]]), metadata);
        writeFileSync(path, Buffer.concat(parts));
      };
      write([1, 0, -1e-3, 2]);
      const message = `${path}: bn.running_var has negative values`;
      assert.throws(() => readCheckpoint(path), isSentence(message));
      assert.throws(() => readWeights(path), isSentence(message));
      write([1, 0, 1e-3, 2]);
      assert.ok(readWeights(path).tensors.has('bn.running_var'));
    }));
});

describe('a checkpoint that does not fit', () => {
  it('because it is cut off is refused in a sentence', () =>
    withCheckpoint((path) => {
      const { length } = readFileSync(path);
      for (const size of [length - 1, Math.floor(length / 2), 200, 8, 7, 0]) {
        truncateSync(path, size);
        assert.throws(() => readCheckpoint(path), isSentence(path), `${size} bytes`);
        assert.throws(() => readWeights(path), isSentence(path));
      }
    }));

  it('because another program wrote it is weights, but not a run', () =>
    withCheckpoint((path) => {
      const { tensors } = parseSafetensors(new Uint8Array(readFileSync(path)), path);
      writeFileSync(path, Buffer.concat(serializeSafetensors(tensors, new Map([['format', 'pt']]))));
      assert.throws(() => readCheckpoint(path), isSentence(`${path} is not a checkpoint of a run`));
      const weights = readWeights(path);
      assert.equal(weights.info, undefined);
      assert.ok(weights.tensors.has('fc.bias') && !weights.tensors.has('loss.running_min'));
    }));

  it('because it is missing or a folder is refused in a sentence', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'none.safetensors');
      assert.throws(() => readCheckpoint(path), isSentence(`${path} cannot be read: ENOENT`));
      assert.throws(() => readWeights(folder), isSentence(`${folder} is a folder: expected a file`));
    }));

  it('because it is of another model or loss is refused with names and shapes', () =>
    withCheckpoint(async (path) => {
      const checkpoint = readCheckpoint(path);
      await withTrainer({ model: new TinyModel(3, 6) }, ({ learner }) =>
        assert.rejects(
          restoreLearner(learner, checkpoint),
          isSentence(/conv\.weight \[4, 3, 3, 3\] instead of \[6, 3, 3, 3\]/),
        ),
      );
      checkpoint.tensors.delete('optimizer.momentum.fc.bias');
      await withTrainer({}, ({ learner }) =>
        assert.rejects(
          restoreLearner(learner, checkpoint),
          isSentence(/last\.safetensors: .*missing: optimizer\.momentum\.fc\.bias/),
        ),
      );
    }));
});

describe('the description in a checkpoint’s metadata', () => {
  it('comes back as it was', () => {
    assert.deepEqual(infoOf(metadataOf(INFO), 'file'), INFO);
    const { training: _, ...weights } = INFO;
    assert.deepEqual(infoOf(metadataOf(weights), 'file'), weights);
    assert.equal(infoOf(new Map([['format', 'pt']]), 'file'), undefined);
  });

  it('that is not JSON is refused', () => {
    const metadata = new Map([['biasloss', '{"model":']]);
    assert.throws(
      () => infoOf(metadata, 'file'),
      isSentence('file is damaged: its metadata entry biasloss is not JSON'),
    );
  });

  it('is refused where any needed field is missing or of another type', () => {
    const optional = new Set(['training']);
    const tried: string[] = [];
    const spoil = (value: unknown, path: readonly string[]): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        const place = [...path, key];
        if (place.join('.') === 'training.config.model') continue;
        const wrong = [true, null, 'text', [1], {}, -0.5].filter((other) => typeof other !== typeof inner);
        for (const other of [...wrong, ...(optional.has(key) || Array.isArray(value) ? [] : [undefined])]) {
          const text = JSON.stringify(replaced(INFO, place, other));
          assert.throws(
            () => infoOf(new Map([['biasloss', text]]), 'file'),
            isSentence('file is damaged'),
            text,
          );
        }
        tried.push(place.join('.'));
        spoil(inner, place);
      }
    };
    spoil(INFO, []);
    assert.ok(tried.includes('training.progress.sums.loss') && tried.includes('data.std.2'));
  });
});

/** A deep copy with the value at a path replaced. */
function replaced(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, other);
  return copy;
}
