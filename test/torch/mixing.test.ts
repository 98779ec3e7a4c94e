/** Mixup and CutMix beside torchvision's formulas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutBox, mixedClasses, mixImages } from '../../src/data/augment/mixing.js';
import { uniformSource } from '../../src/random.js';
import { runPython, skipWithoutPython } from '../support/python.js';

const skip = skipWithoutPython('numpy', 'torch');

/** As references/classification/transforms.py of torchvision has them. */
const MIX = `
import math
target = torch.nn.functional.one_hot(tensors['labels'].long(), 5).float()
result['lambdas'] = []
for i, run in enumerate(args):
    lam = run['lambda']
    batch = tensors['images'].clone()
    rolled = batch.roll(1, 0)
    result['mixup%d' % i] = batch.mul_(lam).add_(rolled.mul_(1.0 - lam))
    result['mixupTarget%d' % i] = target.mul(lam).add(target.roll(1, 0).mul(1.0 - lam))
    batch = tensors['images'].clone()
    rolled = batch.roll(1, 0)
    H = W = batch.shape[-1]
    r = 0.5 * math.sqrt(1.0 - lam)
    r_w_half, r_h_half = int(r * W), int(r * H)
    x1, y1 = max(run['x'] - r_w_half, 0), max(run['y'] - r_h_half, 0)
    x2, y2 = min(run['x'] + r_w_half, W), min(run['y'] + r_h_half, H)
    batch[:, :, y1:y2, x1:x2] = rolled[:, :, y1:y2, x1:x2]
    lam = float(1.0 - (x2 - x1) * (y2 - y1) / (W * H))
    result['lambdas'].append(lam)
    result['cutmix%d' % i] = batch
    result['cutmixTarget%d' % i] = target.mul(lam).add(target.roll(1, 0).mul(1.0 - lam))
`;

test('mixup and CutMix are torchvision’s for the same λ and box', { skip }, async () => {
  const [count, channels, size, classes] = [6, 3, 16, 5];
  const random = uniformSource(7, 'test');
  const images = Float32Array.from(
    { length: count * channels * size * size },
    (_, i) => random(0, i) * 4 - 2,
  );
  const labels = Int32Array.of(0, 3, 3, 1, 4, 2);
  const runs = [0.1, 0.37, 0.5, 0.93].map((lambda, i) => ({
    lambda,
    x: [3, 8, 0, 15][i]!,
    y: [9, 1, 15, 7][i]!,
  }));
  const { tensors: theirs, values } = await runPython<{ lambdas: number[] }>(MIX, {
    args: runs,
    tensors: {
      images: { shape: [count, channels, size, size], data: images },
      labels: { shape: [count], data: labels },
    },
  });
  for (const [i, { lambda, x, y }] of runs.entries()) {
    const box = cutBox(size, lambda, [(x + 0.5) / size, (y + 0.5) / size]);
    const cut = { kind: 'cutmix', lambda: 1 - (box.width * box.height) / size ** 2, box } as const;
    assert.equal(cut.lambda, values.lambdas[i]);
    for (const mix of [{ kind: 'mixup', lambda } as const, cut]) {
      const mixed = images.slice();
      mixImages(mixed, count, size, mix);
      assert.deepEqual(mixed, theirs[`${mix.kind}${i}`]!.data, `${mix.kind} ${lambda}`);
      const { targets } = mixedClasses(labels, classes, mix);
      const expected = theirs[`${mix.kind}Target${i}`]!.data as Float32Array;
      assert.ok(targets.every((value, at) => Math.abs(value - expected[at]!) < 1e-6));
    }
  }
});
