/** Files as the training scripts of torchvision and timm write them, and others that PyTorch users have. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { toFloat32 } from '../../src/formats/tensor.js';
import { readTorchCheckpoint } from '../../src/formats/torch/readTorch.js';
import { runPython, skipWithoutPython } from '../support/python.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'biasloss-scripts-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A model with its optimiser after a step, and objects that scripts keep beside the weights. */
const SETUP = `
import argparse, collections, copy, datetime, decimal, enum, fractions, functools, pathlib, uuid
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
optimizer = torch.optim.AdamW(model.parameters(), 0.1)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda e: 1.0)
warmup = torch.optim.lr_scheduler.SequentialLR(optimizer, [torch.optim.lr_scheduler.LinearLR(optimizer), torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)], [3])
model(torch.randn(2, 1, 5, 5)).sum().backward()
optimizer.step()
averaged = torch.optim.swa_utils.AveragedModel(model)
averaged.update_parameters(model)
with torch.no_grad():
    for p in averaged.parameters():
        p.add_(1)
scaler = torch.cuda.amp.GradScaler(enabled=False)
args = argparse.Namespace(lr=0.1, data=pathlib.Path('/data'), started=datetime.datetime(2024, 5, 6), zone=datetime.timezone.utc,
    dtype=torch.float16, device=torch.device('cpu'), size=torch.Size([1, 2]), opt=None, betas=(0.9, 0.99), act=torch.nn.ReLU)
objects = dict(args=args, complex=1 + 2j, sparse=torch.eye(3).to_sparse(), complex_tensor=torch.zeros(2, dtype=torch.complex64),
    quantized=torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.quint8),
    array=np.arange(6.0).reshape(2, 3), scalar=np.float64(1.5), dates=np.array(['2024-01-01'], 'M8[D]'), names=np.array(['a', 'b']),
    things=np.array([None, {}], dtype=object), part=functools.partial(torch.nn.Conv2d, 3, bias=False), fraction=fractions.Fraction(1, 3),
    decimal=decimal.Decimal('1.5'), uuid=uuid.UUID(int=5), deque=collections.deque([1, 2], maxlen=3), layout=torch.strided,
    default=collections.defaultdict(list, {'a': [1]}), counter=collections.Counter('aab'),
    delta=datetime.timedelta(3), generator=torch.get_rng_state(), method=args.__eq__, range=range(4), slice=slice(1, 2), ellipsis=...)
state = model.state_dict()
FILES = {
    'torchvision': {'model': state, 'optimizer': optimizer.state_dict(), 'lr_scheduler': warmup.state_dict(), 'epoch': 3, 'args': args,
                    'model_ema': averaged.state_dict(), 'scaler': scaler.state_dict()},
    'timm': {'epoch': 3, 'arch': 'resnet18', 'state_dict': state, 'optimizer': optimizer.state_dict(), 'version': 2, 'args': args,
             'amp_scaler': scaler.state_dict(), 'state_dict_ema': averaged.module.state_dict(), 'metric': np.float64(71.5)},
    'lightning': {'epoch': 3, 'global_step': 9, 'pytorch-lightning_version': '2.0', 'callbacks': {args.__class__: {'best': pathlib.Path('x')}},
                  'state_dict': collections.OrderedDict(('model.' + k, v) for k, v in state.items()), 'hyper_parameters': {'args': args}},
    'compiled': {'model_state_dict': collections.OrderedDict(('_orig_mod.module.' + k, v) for k, v in state.items()), 'epoch': 3},
    'everything': {'net': state, 'epoch': 3, **objects},
    'parameters': {'state_dict': collections.OrderedDict((k, torch.nn.Parameter(v) if v.is_floating_point() else v) for k, v in state.items()), 'epoch': 3},
}
`;

const NAMES = ['torchvision', 'timm', 'lightning', 'compiled', 'everything', 'parameters'] as const;

interface Written {
  readonly state: Record<string, number[]>;
}

describe('files of training scripts', { skip: skipWithoutPython() }, () => {
  for (const zip of ['True', 'False']) {
    it(`are read, of the ${zip === 'True' ? 'ZIP' : 'legacy'} format, with equal values`, async () => {
      const { values } = await runPython<Written>(
        `${SETUP}
for name, file in FILES.items():
    torch.save(file, '%s/%s.pth' % (args_folder, name), _use_new_zipfile_serialization=${zip})
result['state'] = {k: v.double().flatten().tolist() for k, v in state.items()}`.replace(
          'args_folder',
          `'${folder}'`,
        ),
      );
      for (const name of NAMES) {
        const found = readTorchCheckpoint(readFileSync(join(folder, `${name}.pth`)), name);
        assert.deepEqual([...found.tensors.keys()], Object.keys(values.state), name);
        for (const [key, tensor] of found.tensors)
          if (tensor.dtype === 'f32')
            assert.deepEqual([...toFloat32(tensor)], values.state[key], `${name}: ${key}`);
        assert.equal(found.extras.get('epoch'), 3, name);
        assert.equal(found.averaged, false, name);
      }
      for (const [name, key] of [
        ['torchvision', 'model_ema'],
        ['timm', 'state_dict_ema'],
      ] as const) {
        const file = readFileSync(join(folder, `${name}.pth`));
        assert.equal(readTorchCheckpoint(file, name).averagedKey, key);
        const { tensors } = readTorchCheckpoint(file, name, { averaged: true });
        const bias = [...toFloat32(tensors.get('0.bias')!)];
        assert.deepEqual(
          bias,
          values.state['0.bias']!.map((value) => Math.fround(value + 1)),
        );
        assert.deepEqual([...tensors.keys()], Object.keys(values.state));
      }
    });
  }

  it('that are programs or whole models are named as such', async () => {
    await runPython(
      `${SETUP}
torch.jit.save(torch.jit.script(model), '${folder}/script.pt')
torch.save(model, '${folder}/whole.pth')
torch.save(model, '${folder}/whole-legacy.pth', _use_new_zipfile_serialization=False)
torch.save({'model': model, 'epoch': 1}, '${folder}/under.pth')`,
    );
    const cases: [string, RegExp][] = [
      ['script.pt', /^UserError: script\.pt is a TorchScript program, not a checkpoint/],
      [
        'whole.pth',
        /^UserError: whole\.pth is a whole pickled model, a torch\.nn\.modules\.container\.Sequential/,
      ],
      ['whole-legacy.pth', /^UserError: whole-legacy\.pth is a whole pickled model/],
      ['under.pth', /^UserError: under\.pth has a whole pickled model under "model"/],
    ];
    for (const [name, message] of cases)
      assert.throws(() => readTorchCheckpoint(readFileSync(join(folder, name)), name), message);
  });
});
