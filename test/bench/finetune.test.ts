import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FinetuneRow, finetuneTable } from '../../bench/finetune/table.js';

const row = (seed: number, ours: number, pytorch: number): FinetuneRow => ({
  seed,
  ours: { top1: ours, seconds: 10 },
  pytorch: { top1: pytorch, seconds: 15 },
});

test('fine-tuning: means, and a paired test over the seeds', () => {
  const lines = finetuneTable([row(3, 94, 94), row(4, 93, 95.5), row(5, 93.5, 95.5)]).split('\n');
  assert.match(lines[2]!, /^3 +94\.00 +10\.0 +94\.00 +15\.0 +1\.50$/);
  assert.match(lines.at(-2)!, /^mean +93\.50 ± 0\.50 +10\.0 +95\.00 ± 0\.87 +15\.0 +1\.50$/);
  // t = −1.5 / (1.3229 / √3) = −1.964, and 4.303 is Student's bound for 2 degrees of freedom.
  assert.equal(
    lines.at(-1),
    'our top-1 − PyTorch’s: -1.50 points, with 95% confidence from -4.79 to 1.79; p = 0.19 (paired t-test, 3 seeds)',
  );
});

test('fine-tuning: one seed, or one side alone, has no test', () => {
  assert.equal(finetuneTable([row(0, 94, 95)]).split('\n').length, 4);
  const alone = finetuneTable([0, 1].map((seed) => ({ seed, ours: { top1: 90 + seed, seconds: 9 } })));
  assert.match(alone, /\nmean +90\.50 ± 0\.71 +9\.0 +– +– +–$/);
});
