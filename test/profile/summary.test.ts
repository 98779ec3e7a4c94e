import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { median } from '../../src/median.js';
import { medianEntries } from '../../src/profile/profileStep.js';
import { boundOf, rooflineTime, shareOfPeak, timeAtPeak } from '../../src/profile/roofline.js';
import { summarise } from '../../src/profile/summary.js';
import { entry, PEAKS } from './fixtures/entries.js';

/** To a millionth of itself. */
function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.abs(expected), `${actual}, not ${expected}`);
}

describe('the roofline', () => {
  it('takes the peak that is met first', () => {
    const computed = entry({ flops: 5e8, bytes: 1e7 });
    assert.equal(boundOf(computed, PEAKS), 'compute');
    assertClose(timeAtPeak(computed, PEAKS), 0.5);
    const moved = entry({ flops: 1e8, bytes: 2e7 });
    assert.equal(boundOf(moved, PEAKS), 'memory');
    assertClose(timeAtPeak(moved, PEAKS), 0.2);
    assertClose(shareOfPeak({ ...moved, milliseconds: 4 }, PEAKS), 0.05);
  });

  it('has a peak for each precision, and that of f32 where bf16 has none', () => {
    const work = entry({ flops: 1e9, precision: 'bf16' });
    assertClose(timeAtPeak(work, PEAKS), 0.5);
    assertClose(timeAtPeak(work, { ...PEAKS, bf16: undefined }), 1);
  });

  it('does not let what was faster than memory hide what was slow', () => {
    const cached = entry({ bytes: 5e8 });
    assertClose(shareOfPeak(cached, PEAKS), 5);
    const slow = entry({ bytes: 1e7, milliseconds: 1 });
    assertClose(rooflineTime([cached, slow], PEAKS), 1.1);
  });

  it('gives no share of no time', () =>
    assert.equal(shareOfPeak(entry({ milliseconds: 0, flops: 1 }), PEAKS), 0));
});

describe('summarise', () => {
  const entries = [
    entry({ phase: 'forward', milliseconds: 2, flops: 1e9 }),
    entry({ phase: 'forward', milliseconds: 1, flops: 1e9 }),
    entry({ phase: 'forward', milliseconds: 1, implementation: 'reorder jit', bytes: 2e7 }),
    entry({ phase: 'update', milliseconds: 6, operation: 'sgdUpdate', implementation: 'TypeScript' }),
  ];

  it('groups by operation and implementation, the longest first', () => {
    const { groups } = summarise(entries, PEAKS);
    assert.deepEqual(
      groups.map(({ operation, implementation, count, milliseconds, shareOfStep, flops }) => [
        operation,
        implementation,
        count,
        milliseconds,
        shareOfStep,
        flops,
      ]),
      [
        ['sgdUpdate', 'TypeScript', 1, 6, 0.6, 0],
        ['conv2d', 'convolution jit', 2, 3, 0.3, 2e9],
        ['conv2d', 'reorder jit', 1, 1, 0.1, 0],
      ],
    );
    assertClose(groups[1]!.shareOfPeak, 2 / 3);
    assert.equal(groups[1]!.bound, 'compute');
    assertClose(groups[2]!.shareOfPeak, 0.2);
    assert.equal(groups[2]!.bound, 'memory');
  });

  it('adds up phases in a step’s order, and the whole', () => {
    const summary = summarise([...entries].reverse(), PEAKS);
    assert.deepEqual(
      summary.phases.map(({ phase, milliseconds }) => [phase, milliseconds]),
      [
        ['forward', 4],
        ['update', 6],
      ],
    );
    assert.deepEqual([summary.milliseconds, summary.inTypeScript.milliseconds], [10, 6]);
    assertClose(summary.shareOfPeak, 0.22);
    assertClose(summary.lostMilliseconds, 7.8);
  });

  it('lists primitives from the longest to the shortest, above the peak too', () => {
    const cached = entry({ bytes: 2e8, milliseconds: 1.5 });
    const { primitives } = summarise([...entries, cached], PEAKS);
    assert.deepEqual(
      primitives.map(({ milliseconds }) => milliseconds),
      [6, 2, 1.5, 1, 1],
    );
    assertClose(primitives[2]!.shareOfPeak, 4 / 3);
  });

  it('takes an empty profile', () => {
    const { count, milliseconds, shareOfPeak, groups, phases } = summarise([], PEAKS);
    assert.deepEqual([count, milliseconds, shareOfPeak, groups, phases], [0, 0, 0, [], []]);
  });
});

describe('medians', () => {
  it('are the middle, or the mean of the two in the middle', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 100]), 3);
  });

  it('are taken of each primitive by itself', () => {
    const runs = [
      [entry({ milliseconds: 1 }), entry({ milliseconds: 9 })],
      [entry({ milliseconds: 5 }), entry({ milliseconds: 2 })],
      [entry({ milliseconds: 2 }), entry({ milliseconds: 3 })],
    ];
    assert.deepEqual(
      medianEntries(runs).map(({ milliseconds }) => milliseconds),
      [2, 3],
    );
    assert.deepEqual(medianEntries([]), []);
  });
});
