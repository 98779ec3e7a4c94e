import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeDecoding } from '../../bench/decode/run.js';

test('the benchmark of decoding has a row for training and evaluation, with rates above 0', async () => {
  const options = { size: 32, batch: 4, workers: [1], seconds: 0.02, rounds: 1 };
  const table = await timeDecoding(options, undefined, () => undefined);
  const rows = table
    .split('\n')
    .filter((line) => /^\| (?:training|evaluation)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  assert.equal(rows.length, 2, table);
  assert.match(table, /^ours: JPEGs decoded by (?:sharp|TurboJPEG)/m);
  for (const [, , workers, speed, theirs, , processor] of rows) {
    assert.equal(workers, '1');
    assert.ok(Number(speed) > 0, speed);
    assert.equal(theirs, '–');
    assert.ok(Number(processor) > 0, processor);
  }
});
