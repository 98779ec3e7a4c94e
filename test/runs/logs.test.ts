import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { UserError } from '../../src/errors.js';
import { type Event, EventSchema } from '../../src/formats/tensorboard/events_pb.js';
import { ACCURACIES, csvLog, METRIC_COLUMNS, METRICS } from '../../src/runs/csvLog.js';
import { eventRecord, jsonLine, progressRecord } from '../../src/runs/eventRecord.js';
import { openRunLogs, type RunLogOptions } from '../../src/runs/runLogs.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainerEvent } from '../../src/train/events.js';
import { withFolder } from '../train/fixtures/tiny.js';

function epochEvent(epoch: number): Extract<TrainerEvent, { event: 'epoch' }> {
  return {
    event: 'epoch',
    epoch,
    trainLoss: 1.23456789,
    train: { images: 40, top1: 50 + epoch, top5: 90, crossEntropy: 2 },
    test: { images: 20, top1: 100 / 3, top5: 80, crossEntropy: 1.5 },
    learningRate: 0.1,
    imagesPerSecond: 1000,
    seconds: 4,
    waitedPercent: 0.5,
    bestTop1: 60,
  };
}

function stepEvent(globalStep: number): TrainerEvent {
  const train = { images: 8, top1: 0, top5: 0, crossEntropy: 1 };
  const rates = { learningRate: 0.1, imagesPerSecond: 10 };
  return { event: 'step', epoch: 0, step: 1, globalStep, loss: 1, meanLoss: 1, train, ...rates };
}

/** Logs of a run with images of 2×2 pixels and two classes. */
const logOptions = (folder: string): RunLogOptions => ({
  folder,
  accuraciesDir: null,
  weighs: false,
  averages: false,
  config: TRAIN_DEFAULTS,
  images: { classes: ['cat', 'dog'], mean: [0, 0, 0], std: [1, 1, 1], imageSize: 2 },
  progress: undefined,
});

/** A first batch of a cat and a dog, and of an empty place. */
const batchEvent = (): TrainerEvent => ({
  event: 'batch',
  globalStep: 0,
  batch: { images: new Float32Array(36).fill(0.5), labels: Int32Array.of(0, 1, 0), count: 2 },
});

/** All events of a folder's event files, in the files' order. */
function eventsIn(folder: string): Event[] {
  const names = readdirSync(folder).filter((file) => file.startsWith('events.out.tfevents.'));
  return names.sort().flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const events: Event[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 12 + Number(bytes.readBigUInt64LE(at));
      events.push(fromBinary(EventSchema, bytes.subarray(at + 12, end)));
      at = end + 4;
    }
    return events;
  });
}

/** Chart and step of each number in a folder's event files. */
function chartsOf(folder: string): string[] {
  return eventsIn(folder).flatMap(({ what, step }) =>
    what.case === 'summary' ? what.value.value.map(({ tag }) => `${tag} ${step}`) : [],
  );
}

describe('csvLog', () => {
  it('writes a header and one row per epoch, numbered from 1', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'metrics.csv');
      const log = await csvLog(path, METRICS, 0);
      log(epochEvent(0));
      log({ event: 'checkpoint', kind: 'last', path: '' });
      const rows = readFileSync(path, 'utf8').split('\n');
      assert.equal(
        rows[0],
        'epoch,train_loss,train_cross_entropy,train_top1,train_top5,test_cross_entropy,test_top1,test_top5,best_top1,learning_rate,images_per_second,seconds,waited_percent',
      );
      assert.deepEqual(rows.slice(1), ['1,1.234568,2,50,90,1.5,33.33333,80,60,0.1,1000,4,0.5', '']);
    }));

  it('of a resumed run drops the rows that are done again, half-written ones too', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'accuracy_train.csv');
      const log = await csvLog(path, ACCURACIES.train, 0);
      for (const epoch of [0, 1, 2]) log(epochEvent(epoch));
      appendFileSync(path, '3,5');
      (await csvLog(path, ACCURACIES.train, 2))(epochEvent(2));
      assert.equal(readFileSync(path, 'utf8'), 'epoch,accuracy\n0,50\n1,51\n2,52\n');
    }));

  it('renumbers the epochs of an older version’s metrics, which counted from 0', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'metrics.csv');
      writeFileSync(path, 'epoch,train_loss\n0,5\n1,4\n2,3\n');
      await csvLog(path, METRICS, 2);
      assert.deepEqual(readFileSync(path, 'utf8').split('\n').slice(1), ['1,5', '2,4', '']);
    }));

  it('makes its folder, and names a file that it cannot write', () =>
    withFolder(async (folder) => {
      await csvLog(join(folder, 'deep', 'er', 'a.csv'), METRICS, 0);
      writeFileSync(join(folder, 'file'), '');
      const path = join(folder, 'file', 'a.csv');
      await assert.rejects(
        csvLog(path, METRICS, 0),
        (error) => error instanceof UserError && error.message.startsWith(path),
      );
    }));
});

describe('the logs of a run', () => {
  it('are metrics, accuracies, JSON lines with times and TensorBoard events', () =>
    withFolder(async (folder) => {
      const accuracies = join(folder, 'accuracies');
      const logs = await openRunLogs({ ...logOptions(folder), accuraciesDir: accuracies, weighs: true });
      for (const log of logs.listeners) {
        log(batchEvent());
        for (const globalStep of [24, 25, 26, 50]) log(stepEvent(globalStep));
        log({
          ...epochEvent(0),
          weighting: { variances: Float32Array.of(1, 2), weights: Float32Array.of(0, 1) },
        });
      }
      await logs.close();
      assert.match(readFileSync(join(accuracies, 'accuracy.csv'), 'utf8'), /^epoch,accuracy\n0,33\.33333\n$/);
      assert.match(readFileSync(join(folder, 'metrics.csv'), 'utf8'), /\n1,/);
      const line = JSON.parse(readFileSync(join(folder, 'log.jsonl'), 'utf8')) as Record<string, unknown>;
      assert.ok(!Number.isNaN(Date.parse(String(line.time))));
      assert.equal(line.event, 'epoch');
      assert.deepEqual(chartsOf(folder), [
        ...['Settings 0', '_hparams_/experiment 0', '_hparams_/session_start_info 0'],
        ...['Loss/train 25', 'Loss/train 50', 'Accuracy/train 1', 'Accuracy/test 1', 'EpochLoss/train 1'],
        ...['CrossEntropy/train 1', 'CrossEntropy/test 1', 'LearningRate 1'],
        ...['Weighting/feature_variance 1', 'Weighting/loss_weight 1'],
        ...['FirstBatch/0 cat 0', 'FirstBatch/1 dog 0'],
      ]);
    }));
});

describe('the logs of a resumed run', () => {
  it('have no step twice, and mark the session', () =>
    withFolder(async (folder) => {
      const first = await openRunLogs(logOptions(folder));
      for (const log of first.listeners) {
        log(stepEvent(25));
        log(epochEvent(0));
        log(stepEvent(50));
        log(epochEvent(1));
      }
      await first.close();
      const progress = { epoch: 1, globalStep: 40 };
      const second = await openRunLogs({ ...logOptions(folder), progress });
      for (const log of second.listeners) {
        log(stepEvent(50));
        log(epochEvent(1));
      }
      await second.close();
      const charts = chartsOf(folder);
      assert.equal(new Set(charts).size, charts.length, charts.join());
      assert.deepEqual(charts.filter((chart) => chart.startsWith('Loss')).sort(), [
        'Loss/train 25',
        'Loss/train 50',
      ]);
      assert.equal(charts.filter((chart) => chart.startsWith('Accuracy/test')).length, 2);
      const sessions = eventsIn(folder).filter(({ what }) => what.case === 'sessionLog');
      assert.deepEqual(
        sessions.map(({ step }) => step),
        [41n],
      );
      const rows = readFileSync(join(folder, 'metrics.csv'), 'utf8').trim().split('\n').slice(1);
      assert.deepEqual(
        rows.map((row) => row.split(',')[0]),
        ['1', '2'],
      );
    }));
});

describe('event records', () => {
  it('of an epoch have the documented names', () => {
    const record = eventRecord(epochEvent(3))!;
    for (const key of ['train_loss', 'train_top1', 'test_top1', 'test_top5', 'images_per_second'])
      assert.equal(typeof record[key], 'number', key);
    assert.equal(record.epoch, 4);
    assert.equal(record.test_top1, 100 / 3);
  });

  it('call every figure as metrics.csv does', () => {
    const names = METRIC_COLUMNS.map(([name]) => name);
    assert.deepEqual(Object.keys(eventRecord(epochEvent(0))!), ['event', ...names]);
    const step = progressRecord(stepEvent(9))!;
    for (const key of ['train_loss', 'train_cross_entropy', 'train_top1', 'learning_rate'])
      assert.ok(names.includes(key) && typeof step[key] === 'number', key);
    assert.equal(step.epoch, 1);
  });

  it('round fractions alone', () => {
    assert.equal(
      jsonLine({ parameters: 11_220_132, top1: 100 / 3, nested: [{ a: 2 / 3 }] }),
      '{"parameters":11220132,"top1":33.33333,"nested":[{"a":0.6666667}]}',
    );
  });
});
