import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAccuracy, formatCount, formatDuration, formatTable } from '../../src/cli/output.js';
import { ProgressLine } from '../../src/cli/progressLine.js';
import { TimeLeft } from '../../src/cli/timeLeft.js';
import { jsonLog } from '../../src/cli/trainLog.js';

/** To the line's beginning, and empty it. */
const CLEAR = '\r\x1b[2K';

/** A terminal or pipe that keeps what is written. */
class Screen {
  text = '';

  constructor(
    readonly isTTY: boolean,
    readonly columns = 60,
  ) {}

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

describe('ProgressLine', () => {
  it('draws over itself on a terminal, within its width, and clears', () => {
    const screen = new Screen(true, 40);
    const line = new ProgressLine(screen);
    line.update(0.5, 'x'.repeat(100));
    assert.ok(screen.text.startsWith(CLEAR));
    assert.match(screen.text.slice(CLEAR.length), /^█{10}░{10} {2}50% {2}x+$/);
    assert.ok(screen.text.length - CLEAR.length < 40);
    line.clear();
    line.clear();
    assert.ok(screen.text.endsWith(`x${CLEAR}`));
    assert.ok(!screen.text.includes('\n'));
  });

  it('does not draw more often than a person sees', () => {
    const screen = new Screen(true);
    const line = new ProgressLine(screen);
    for (let i = 0; i <= 1000; i++) line.update(i / 1000, 'text');
    assert.ok(screen.text.split('\r').length < 20);
  });

  it('is silent for quick work in a pipe', () => {
    const screen = new Screen(false);
    const line = new ProgressLine(screen);
    for (let i = 0; i <= 1000; i++) line.update(i / 1000, 'text');
    line.clear();
    assert.equal(screen.text, '');
  });
});

describe('TimeLeft', () => {
  it('counts the steps that are left at the present rate, and the tests', () => {
    const left = new TimeLeft();
    const start = { engine: '', parameters: 1, trainImages: 100, testImages: 10, epoch: 0, step: 0 };
    left.add({ event: 'start', epochs: 3, stepsPerEpoch: 10, ...start }, 0);
    assert.ok(Number.isNaN(left.seconds));
    const none = { loss: 1, learningRate: 1, meanLoss: 1 };
    const train = (images: number) => ({ images, top1: 0, top5: 0, crossEntropy: 0 });
    const step = (epoch: number, count: number, now: number): void =>
      left.add(
        {
          event: 'step',
          epoch,
          step: count,
          globalStep: 0,
          ...none,
          train: train(8 * count),
          imagesPerSecond: 16,
        },
        now,
      );
    step(0, 5, 2500);
    assert.equal(left.seconds, 25 * 0.5);
    step(0, 10, 5000);
    const epoch = {
      trainLoss: 1,
      train: train(80),
      test: train(10),
      seconds: 5,
      waitedPercent: 0,
      bestTop1: 0,
    };
    left.add({ event: 'epoch', epoch: 0, ...epoch, learningRate: 1, imagesPerSecond: 16 }, 7000);
    assert.equal(left.seconds, 20 * 0.5 + 2 * 2);
    step(2, 9, 20000);
    assert.equal(left.seconds, 0.5 + 2);
  });
});

describe('jsonLog', () => {
  it('prints progress within an epoch, no more than one record a second', () => {
    let now = 0;
    const records: Record<string, unknown>[] = [];
    const log = jsonLog(
      (record) => records.push(record),
      () => now,
    );
    const train = { images: 8, top1: 50, top5: 100, crossEntropy: 2 };
    const figures = { loss: 1, learningRate: 0.1, meanLoss: 1.5, train, imagesPerSecond: 10 };
    for (let step = 1; step <= 25; step++) {
      now += 100;
      log({ event: 'step', epoch: 2, step, globalStep: step, ...figures });
    }
    assert.deepEqual(
      records.map(({ event, phase, epoch, step }) => [event, phase, epoch, step]),
      [
        ['progress', 'train', 3, 10],
        ['progress', 'train', 3, 20],
      ],
    );
    assert.equal(records[0]!.train_loss, 1.5);
    now += 1000;
    log({ event: 'evaluation', epoch: 2, images: 5, total: 10 });
    assert.deepEqual(records.at(-1), {
      event: 'progress',
      phase: 'test',
      epoch: 3,
      images: 5,
      of_images: 10,
    });
  });
});

describe('jsonLog of epochs that are shorter than a second', () => {
  it('prints progress all the same, which the studio shows', () => {
    let now = 0;
    const events: unknown[] = [];
    const log = jsonLog(
      ({ event }) => events.push(event),
      () => now,
    );
    const train = { images: 8, top1: 50, top5: 100, crossEntropy: 2 };
    const figures = { loss: 1, learningRate: 0.1, meanLoss: 1.5, train, imagesPerSecond: 10 };
    for (let epoch = 0; epoch < 4; epoch++) {
      for (const step of [1, 2]) {
        now += 250;
        log({ event: 'step', epoch, step, globalStep: 2 * epoch + step, ...figures });
      }
      log({ event: 'checkpoint', path: 'last.safetensors', kind: 'last' });
    }
    assert.deepEqual(events, [
      'checkpoint',
      'progress',
      'checkpoint',
      'checkpoint',
      'progress',
      'checkpoint',
    ]);
  });
});

describe('a progress line that waits', () => {
  it('shows at once on a terminal what is waited for', () => {
    const screen = new Screen(true);
    const line = new ProgressLine(screen);
    line.wait('compiling');
    assert.match(screen.text, /0% {2}compiling$/);
    line.clear();
  });

  it('is a line in a pipe only where it takes long', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const screen = new Screen(false);
    const line = new ProgressLine(screen);
    line.wait('compiling');
    assert.equal(screen.text, '');
    line.clear();
    t.mock.timers.tick(60_000);
    assert.equal(screen.text, '');
  });
});

describe('formats', () => {
  it('of accuracies leave out a top-5 of five classes or fewer', () => {
    const accuracy = { top1: 50, top5: 100 };
    assert.equal(formatAccuracy(accuracy, 5), 'top-1 50.00%');
    assert.equal(formatAccuracy(accuracy, 6), 'top-1 50.00%  top-5 100.00%');
  });

  it('of durations, counts and tables', () => {
    assert.deepEqual([0, 59.6, 125, 3725, Number.NaN].map(formatDuration), [
      '0:00',
      '1:00',
      '2:05',
      '1:02:05',
      '–',
    ]);
    assert.equal(formatCount(11220132), '11,220,132');
    assert.equal(
      formatTable(
        ['class', 'n'],
        [
          ['cat', '10'],
          ['goldfish', '7'],
        ],
      ),
      'class      n\n--------  --\ncat       10\ngoldfish   7',
    );
  });
});
