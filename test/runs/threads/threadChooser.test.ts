import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Choice, ThreadChooser, threadsBeside } from '../../../src/runs/threads/threadChooser.js';

/** A machine with processes that compute: how much they take, and how long a step takes, on so many threads. */
interface Machine {
  others(threads: number): number;
  step(threads: number): number;
}

const SECONDS = 3;
const one = (step: number, others: number): Machine => ({ others: () => others, step: () => step });

const QUIET: Machine = { others: () => 0.03, step: (threads) => 1 / threads };
/** A process that takes half of a processor that it shares with a thread, and all of one that it has for itself. */
const NEIGHBOUR: Machine = {
  others: (threads) => (threads === 2 ? 0.5 : 1),
  step: (threads) => (threads === 2 ? 1.4 : 1),
};
/** One that has a processor only while nobody else wants it. */
const YIELDING: Machine = {
  others: (threads) => (threads === 2 ? 0.4 : 1),
  step: (threads) => (threads === 2 ? 0.5 : 1),
};

/** A run on a machine with two processors that becomes another after some windows; the changes, by window. */
class Run {
  readonly changes: [window: number, threads: number, reason: Choice['reason']][] = [];
  private windows = 0;
  private readonly chooser: ThreadChooser;

  constructor(
    private threads = 2,
    isGuess = false,
  ) {
    this.chooser = new ThreadChooser({ processors: 2, most: 2 }, threads, isGuess);
  }

  on(machine: Machine, windows: number): this {
    for (let i = 0; i < windows; i++) {
      const { threads } = this;
      const choice = this.chooser.after({
        seconds: SECONDS,
        others: machine.others(threads),
        stepSeconds: machine.step(threads),
      });
      this.windows++;
      if (!choice) continue;
      this.threads = choice.threads;
      this.changes.push([this.windows, choice.threads, choice.reason]);
    }
    return this;
  }
}

describe('threads beside other processes', () => {
  const beside = (others: number, threads: number, processors = 2, most = processors): number =>
    threadsBeside(others, { processors, most, threads });

  it('are fewer only from a good share of a processor on, and more only below a small one', () => {
    assert.deepEqual([beside(0.3, 2), beside(0.4, 2), beside(1.9, 2)], [2, 1, 1]);
    assert.deepEqual([beside(0.3, 1), beside(0.1, 1)], [1, 2]);
  });

  it('are one per processor that is left, at least one, and no more than the process may use', () => {
    assert.deepEqual([beside(0.5, 16, 16), beside(4.2, 16, 16), beside(20, 16, 16)], [15, 12, 1]);
    assert.deepEqual([beside(0, 12, 16), beside(60, 4, 64, 4), beside(61, 4, 64, 4)], [16, 4, 3]);
  });
});

describe('the chooser of threads', () => {
  it('leaves a quiet machine alone', () => assert.deepEqual(new Run().on(QUIET, 1000).changes, []));

  it('is not moved by a short load', () =>
    assert.deepEqual(
      new Run().on(QUIET, 3).on(NEIGHBOUR, 1).on(QUIET, 3).on(NEIGHBOUR, 1).on(QUIET, 9).changes,
      [],
    ));

  it('gives a processor to a process that stays, and takes it back when that ends', () => {
    const { changes } = new Run().on(QUIET, 5).on(NEIGHBOUR, 20).on(QUIET, 50);
    assert.deepEqual(changes, [
      [7, 1, 'load'],
      [27, 2, 'load'],
    ]);
  });

  it('takes all threads back where fewer are slower, and tries again ever more seldom', () => {
    const { changes } = new Run().on(YIELDING, 400);
    assert.deepEqual(changes.slice(0, 2), [
      [2, 1, 'load'],
      [3, 2, 'slower'],
    ]);
    const trials = changes.filter(([, threads]) => threads === 1).map(([window]) => window);
    const pauses = trials.slice(1).map((window, i) => window - trials[i]!);
    assert.deepEqual(
      pauses.map((pause, i) => i === 0 || pause >= 1.8 * pauses[i - 1]! || pause >= 160),
      pauses.map(() => true),
    );
    assert.ok(trials.length <= 7, `${trials.length} trials`);
  });
});

describe('the chooser’s trials', () => {
  it('tries again at once where the load becomes another', () => {
    const run = new Run().on(YIELDING, 4);
    assert.equal(run.changes.length, 2);
    const both: Machine = {
      others: (threads) => (threads === 2 ? 1 : 1.4),
      step: (threads) => (threads === 2 ? 4 : 2),
    };
    assert.deepEqual(run.on(both, 4).changes.at(-1), [6, 1, 'load']);
  });

  it('does not go back and forth where more threads gain nothing on a quiet machine', () => {
    const { changes } = new Run(1).on(one(1, 0.02), 400);
    assert.deepEqual(changes.slice(0, 2), [
      [2, 2, 'load'],
      [3, 1, 'slower'],
    ]);
    assert.ok(changes.length <= 16, `${changes.length} changes`);
  });

  it('tries all threads soon where the first number was a guess, and keeps them if they are faster', () => {
    assert.deepEqual(new Run(1, true).on(NEIGHBOUR, 30).changes, [
      [1, 2, 'trial'],
      [2, 1, 'slower'],
    ]);
    assert.deepEqual(new Run(1, true).on(YIELDING, 2).changes, [[1, 2, 'trial']]);
  });

  it('tries all threads after minutes of a load that does not change, ever more seldom', () => {
    const { changes } = new Run().on(NEIGHBOUR, 500);
    const trials = changes.filter(([, , reason]) => reason === 'trial').map(([window]) => window * SECONDS);
    assert.ok(trials.length >= 2 && trials.length <= 4, `trials after ${trials.join(', ')} seconds`);
    assert.ok(trials[0]! > 120 && trials[1]! > 240 + trials[0]!);
  });
});
