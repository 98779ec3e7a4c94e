/** Tables of docs/results.md that follow from others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { newRunConfig } from '../src/runs/openRun.js';

const TEXT = readFileSync('docs/results.md', 'utf8');

/** Training images of CIFAR-100. */
const IMAGES = 50_000;

/** Cells by model and column of the first table after a text; of columns with the same title the first. */
function tableAfter(text: string): Map<string, Map<string, string>> {
  const begin = TEXT.indexOf(`\n${text}`);
  assert.ok(begin >= 0, text);
  const lines = TEXT.slice(begin + 1).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const rows = lines.slice(first, lines.indexOf('', first)).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [titles, , ...models] = rows;
  return new Map(
    models.map((cells) => [
      cells[0]!,
      new Map(cells.map((cell, i): [string, string] => [titles![i]!, cell]).reverse()),
    ]),
  );
}

it('the hours of the published recipe follow from the throughputs', async () => {
  const { epochs } = await newRunConfig({ settings: {}, recipe: 'biasloss-cifar100' });
  const onednn = tableAfter('### oneDNN, training');
  const onnx = tableAfter('### ONNX Runtime');
  const hours = tableAfter('By the throughputs of training above');
  assert.ok(hours.size > 3);
  for (const [model, columns] of hours) {
    const [native, portable] = [onednn.get(model)!, onnx.get(model)!];
    const rates = [native.get('f32: ours'), native.get('bf16: ours'), portable.get('ours')].map(Number);
    const expected = rates.map((rate) => `${((epochs * IMAGES) / rate / 3600).toFixed(1)} h`);
    const titles = ['f32, oneDNN', 'bf16, oneDNN', 'f32, ONNX Runtime'];
    assert.deepEqual(
      titles.map((title) => columns.get(title)),
      expected,
      model,
    );
  }
});
