import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createModel } from '../../src/models/registry.js';
import { exportTorch } from '../../src/train/exportWeights.js';
import type { StateDictTensors } from '../../src/train/stateDict.js';
import { formulaTensors } from '../support/models.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { eventsOf } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const shared = new SharedProcess();
after(() => shared.close());

const CLASSES = ['broad', 'narrow', 'wide'];

/** Weights that are finite, of a model whose first normalisation takes every image beyond 32 bits. */
function overflowing(): StateDictTensors {
  const tensors = formulaTensors(createModel({ name: 'shufflenetv2', ratio: 0.5, classes: CLASSES.length }));
  const change = (ending: string, value: number): void => {
    const name = [...tensors.keys()].find((key) => key.endsWith(ending))!;
    const { shape } = tensors.get(name)!;
    tensors.set(name, { dtype: 'f32', shape, data: new Float32Array(shape[0]!).fill(value) });
  };
  change('running_mean', -3e38);
  change('running_var', 1e-30);
  return tensors;
}

test('a model whose logits are not finite has no image right, and names no class', () =>
  withFolder(async (cwd) => {
    await drawClasses(join(cwd, 'images'), CLASSES, 2);
    writeFileSync(join(cwd, 'a.pth'), Buffer.concat(exportTorch(overflowing())));
    writeFileSync(join(cwd, 'names.txt'), CLASSES.join('\n'));
    const model = [
      ...['--checkpoint=a.pth', '--classes-file=names.txt', '--mean=0.5,0.5,0.5', '--std=0.5,0.5,0.5'],
      ...['--resize-size=32', '--engine=onnx', '--threads=1'],
    ];
    const said = /the logits of 6 of 6 images are not finite: they count as wrong/;
    const validated = await shared.run(['validate', ...model, '--data=images', '--log-format=json'], cwd);
    assert.match(validated.stderr, said);
    const { top1, top5, not_finite } = eventsOf(validated.stdout).at(-1)!;
    assert.deepEqual({ top1, top5, not_finite }, { top1: 0, top5: 0, not_finite: 6 });

    const tested = await shared.run(
      ['test', ...model, '--data=imagefolder', '--data-path=images', '--log-format=json', '--per-class'],
      cwd,
    );
    assert.match(tested.stderr, said);
    const result = eventsOf(tested.stdout).at(-1)!;
    assert.deepEqual([result.top1, result.balanced_accuracy, result.not_finite, result.ece], [0, 0, 6, null]);

    const image = join('images', CLASSES[0]!, '0.jpeg');
    const predicted = await shared.run(['predict', ...model, image], cwd);
    assert.equal(predicted.code, 1);
    assert.match(predicted.stderr, /^error: images\/broad\/0\.jpeg: the model’s logits are not finite\n$/m);
  }));
