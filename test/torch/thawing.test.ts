import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import { adamw } from '../../src/optim/adamw.js';
import { Learner } from '../../src/train/learner.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { onednnMissing } from '../support/onednn.js';
import { runPython, skipWithoutPython } from '../support/python.js';
import { TinyModel } from '../train/fixtures/tiny.js';

/** Steps with a frozen convolution, and after it has thawed. */
const FROZEN = 200;
const THAWED = 20;
const RATE = 1e-3;
const PARAMETERS = ['conv.weight', 'bn.weight', 'bn.bias', 'fc.weight', 'fc.bias'];

/** The same training in PyTorch; the result is the convolution after each step since it has thawed. */
const source = `
import torch.nn.functional as F
p = {name: tensors[name].clone().requires_grad_(name != 'conv.weight') for name in args['names']}
optimizer = torch.optim.AdamW(list(p.values()), lr=args['rate'], weight_decay=0)
labels = torch.tensor(args['labels'])
for step in range(args['frozen'] + args['thawed']):
    if step == args['frozen']:
        p['conv.weight'].requires_grad_(True)
    optimizer.zero_grad(set_to_none=True)
    x = F.conv2d(tensors['images'], p['conv.weight'], stride=2, padding=1)
    x = F.relu(F.batch_norm(x, None, None, p['bn.weight'], p['bn.bias'], training=True))
    F.cross_entropy(x.mean((2, 3)) @ p['fc.weight'].T + p['fc.bias'], labels).backward()
    optimizer.step()
    if step >= args['frozen']:
        result['conv.%d' % (step - args['frozen'])] = p['conv.weight'].detach().clone()
`;

const subjects = [
  { name: 'reference', skip: false },
  { name: 'onednn', skip: await onednnMissing() },
] as const;

describe('a thawed parameter under AdamW moves as in PyTorch', { skip: skipWithoutPython() }, () => {
  for (const { name, skip } of subjects)
    test(name, { skip }, async () => {
      const engine = await createEngine(name, { threads: 1, precision: 'f32' });
      try {
        const labels = [0, 1, 2, 0];
        const images = Float32Array.from({ length: 4 * 3 * 64 }, (_, i) => Math.sin(i * 0.7));
        const parts = { engine, model: new TinyModel(), loss: crossEntropyLoss(), batchSize: 4, seed: 1 };
        const learner = await Learner.create({ ...parts, optimizer: adamw({ weightDecay: 0 }) });
        const start = await learner.stateDict();
        const expected = await runPython(source, {
          args: { names: PARAMETERS, labels, rate: RATE, frozen: FROZEN, thawed: THAWED },
          tensors: {
            images: { shape: [4, 3, 8, 8], data: images },
            ...Object.fromEntries(
              PARAMETERS.map((entry) => {
                const tensor = start.get(entry)!;
                return [entry, { shape: tensor.shape, data: floatsOf(tensor) }];
              }),
            ),
          },
        });
        await learner.freeze(new Set(['conv.weight']));
        for (let step = 0; step < FROZEN + THAWED; step++) {
          if (step === FROZEN) await learner.freeze(new Set());
          const batch = { images: images.slice(), labels: Int32Array.from(labels) };
          await learner.step(batch, { learningRate: RATE, step });
          if (step < FROZEN) continue;
          const found = floatsOf((await learner.stateDict()).get('conv.weight')!);
          const wanted = expected.tensors[`conv.${step - FROZEN}`]!.data;
          const error = Math.max(...found.map((value, i) => Math.abs(value - Number(wanted[i]))));
          // A hundredth of a step; by the run's count the first step alone was twice as far off.
          assert.ok(error < 0.01 * RATE * (step - FROZEN + 1), `step ${step}: ${error}`);
        }
        await learner.close();
      } finally {
        await engine.close();
      }
    });
});
