import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCifar } from '../../src/data/cifar/cifar.js';
import { sharedPath, skipWithoutShared } from '../support/shared.js';

const ARCHIVE = ['data', 'cifar-100-binary.tar.gz'];

test('the whole CIFAR-100 archive: counts, labels, names', {
  skip: skipWithoutShared(...ARCHIVE),
}, async () => {
  const { train, test } = await loadCifar('cifar100', sharedPath(...ARCHIVE));
  for (const [set, each] of [
    [train, 500],
    [test, 100],
  ] as const) {
    assert.equal(set.count, 100 * each);
    assert.equal(set.pixels.length, set.count * 3072);
    const histogram = new Int32Array(100);
    for (const label of set.labels) histogram[label]! += 1;
    assert.ok(histogram.every((n) => n === each));
  }
  assert.deepEqual([train.classes[0], train.classes[99]], ['apple', 'worm']);
  // The published mean and deviation of the training images, which tie pixels to their channels.
  const { mean, std } = train.normalisation;
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < train.count; i++) {
      for (const byte of train.pixels.subarray((3 * i + c) * 1024, (3 * i + c + 1) * 1024)) {
        sum += byte;
        squares += byte * byte;
      }
    }
    const average = sum / (train.count * 1024);
    const deviation = Math.sqrt(squares / (train.count * 1024) - average ** 2);
    assert.ok(Math.abs(average / 255 - mean[c]!) < 1e-3, `mean of channel ${c}: ${average / 255}`);
    assert.ok(Math.abs(deviation / 255 - std[c]!) < 2e-3, `deviation of channel ${c}: ${deviation / 255}`);
  }
});
