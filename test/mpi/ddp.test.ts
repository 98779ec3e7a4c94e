import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onednnMissing } from '../support/onednn.js';
import { type PythonTensor, runPython, skipWithoutPython } from '../support/python.js';
import { TINY_SIZE, TinyModel } from '../train/fixtures/tinyModel.js';
import { BATCH, imagesOf, labelsOf, RATE, STEPS } from './ddpBatches.js';
import { launchers, rankProgram, recordsOf, runRanks } from './support.js';

interface Trained {
  readonly rank: number;
  readonly initial: Readonly<Record<string, readonly number[]>>;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly final: Readonly<Record<string, readonly number[]>>;
}

/** DistributedDataParallel over gloo, two processes. */
const source = `
import os, torch.distributed as dist, torch.multiprocessing as mp, torch.nn as nn
class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 3)
    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).mean((2, 3)))
def work(rank):
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method='file://' + sys.argv[1] + '/meet', rank=rank, world_size=2)
    model = Tiny()
    state = model.state_dict()
    for name in state:
        if name in tensors: state[name] = tensors[name]
    model.load_state_dict(state)
    ddp = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(ddp.parameters(), lr=args['rate'], momentum=0.9, weight_decay=1e-3)
    kept, half = {}, args['batch'] // 2
    for step in range(args['steps']):
        part = slice(rank * half, (rank + 1) * half)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(ddp(tensors['images.%d' % step][part]), tensors['labels.%d' % step][part].long())
        loss.backward()
        if step == 0:
            kept.update({'gradient.' + name: p.grad.clone() for name, p in model.named_parameters()})
        optimizer.step()
    kept.update({'final.' + name: p.detach() for name, p in model.named_parameters()})
    torch.save(kept, '%s/rank%d.pt' % (sys.argv[1], rank))
    dist.destroy_process_group()
context = mp.get_context('fork')
ranks = [context.Process(target=work, args=(rank,)) for rank in range(2)]
for rank in ranks: rank.start()
for rank in ranks: rank.join()
result.update(torch.load(sys.argv[1] + '/rank0.pt'))
`;

function inputs(initial: Trained['initial']): Record<string, PythonTensor> {
  const found: Record<string, PythonTensor> = {};
  for (const { name, kind, shape } of new TinyModel().stateEntries())
    if (kind === 'parameter') found[name] = { shape: [...shape], data: Float32Array.from(initial[name]!) };
  for (let step = 0; step < STEPS; step++) {
    found[`images.${step}`] = { shape: [BATCH, 3, TINY_SIZE, TINY_SIZE], data: imagesOf(step) };
    found[`labels.${step}`] = { shape: [BATCH], data: labelsOf(step) };
  }
  return found;
}

function assertNear(found: readonly number[], expected: PythonTensor | undefined, what: string): void {
  const values = Array.from(expected!.data, Number);
  assert.equal(found.length, values.length, what);
  const scale = Math.max(...values.map(Math.abs));
  found.forEach((value, i) => {
    assert.ok(
      Math.abs(value - values[i]!) <= 1e-5 * scale + 1e-7,
      `${what}[${i}]: ${value}, not ${values[i]}`,
    );
  });
}

const missing = await onednnMissing();

for (const { skip, ...launcher } of launchers)
  describe(`two ranks under ${launcher.name}`, { skip: skip ?? (missing || skipWithoutPython()) }, () => {
    test('have the gradients and weights of PyTorch’s DistributedDataParallel', async () => {
      const ranks = recordsOf<Trained>(await runRanks(launcher, 2, [rankProgram('ddp')]));
      assert.deepEqual(ranks[0]!.final, ranks[1]!.final);
      const { initial, gradients, final } = ranks[0]!;
      const settings = { batch: BATCH, steps: STEPS, rate: RATE };
      const { tensors } = await runPython(source, { args: settings, tensors: inputs(initial) });
      for (const [name, gradient] of Object.entries(gradients)) {
        assertNear(gradient, tensors[`gradient.${name}`], `gradient of ${name}`);
        assertNear(final[name]!, tensors[`final.${name}`], name);
      }
    });
  });
