import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeLoader } from '../../bench/loader/run.js';
import { parseModel } from '../../bench/models.js';

test('the loader’s benchmark has a row for each augmentation and size, with rates above 0', async () => {
  const lines: string[] = [];
  await timeLoader(
    {
      model: { ...parseModel('squeezenet1_1'), batch: 4 },
      sizes: [32, 48],
      engine: 'onnx',
      threads: 1,
      workers: 1,
      seconds: 0.02,
      only: 'mixup',
    },
    (line) => lines.push(line),
  );
  const rows = lines.join('\n').split('\n').slice(2);
  const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  const all = 'RandAugment, erasing, mixup, CutMix';
  assert.deepEqual(
    cells.map(([, size, name]) => [size, name]),
    [
      ['32', 'mixup'],
      ['32', all],
      ['48', 'mixup'],
      ['48', all],
    ],
  );
  for (const [, , , loader, engine, ratio, both, waits] of cells) {
    for (const rate of [loader, engine, both]) assert.ok(Number(rate) > 0, rate);
    assert.ok(Math.abs(Number(ratio) - Number(loader) / Number(engine)) < 0.1 * Number(ratio) + 0.02);
    assert.match(waits!, /^\d+\.\d%$/);
  }
});
