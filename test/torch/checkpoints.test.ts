import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseSafetensors } from '../../src/formats/safetensors/parse.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { DTYPE_BYTES, elementCount, type StoredDType, type StoredTensors } from '../../src/formats/tensor.js';
import { readTorchCheckpoint, type TorchCheckpoint } from '../../src/formats/torch/readTorch.js';
import { writeTorchCheckpoint } from '../../src/formats/torch/writeTorch.js';
import { runPython, skipWithoutPython } from '../support/python.js';

const skip = skipWithoutPython();
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'biasloss-formats-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Python that describes a state dict as (name, type, shape, bytes in hexadecimal). */
const DESCRIBE = `
def describe(state):
    import ctypes
    rows = []
    for name, t in state.items():
        c = t.detach().resolve_neg().contiguous()
        data = ctypes.string_at(c.data_ptr(), c.numel() * c.element_size()) if c.numel() else b''
        rows.append([name, str(t.dtype).split('.')[1], list(t.shape), data.hex()])
    return rows
`;

type Row = [name: string, dtype: string, shape: readonly number[], bytes: string];

const TORCH_NAMES: { readonly [D in StoredDType]: string } = {
  f64: 'float64',
  f32: 'float32',
  f16: 'float16',
  bf16: 'bfloat16',
  i64: 'int64',
  i32: 'int32',
  i16: 'int16',
  i8: 'int8',
  u8: 'uint8',
  bool: 'bool',
};

function rowsOf(tensors: StoredTensors): Row[] {
  return [...tensors].map(([name, { dtype, shape, data }]) => [
    name,
    TORCH_NAMES[dtype],
    shape,
    Buffer.from(data).toString('hex'),
  ]);
}

/** Tensors of every type and layout, as Python makes them. */
const TENSORS = `
import collections
torch.manual_seed(0)
state = collections.OrderedDict()
for dtype in ('float64', 'float32', 'float16', 'bfloat16'):
    state[dtype] = (torch.randn(3, 5, dtype=torch.float64) * 100).to(getattr(torch, dtype))
for dtype in ('int64', 'int32', 'int16', 'int8', 'uint8'):
    state[dtype] = torch.randint(0, 120, (4,)).to(getattr(torch, dtype))
state['bool'] = torch.tensor([True, False, True])
base = torch.arange(24.0)
state['transposed'] = base.view(4, 6).t()
state['strided'] = base[3::4]
state['shared'] = base[5:11].view(2, 3)
state['expanded'] = base[:3].expand(2, 3)
state['permuted'] = base.view(2, 3, 4).permute(2, 0, 1)
state['channels_last'] = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
state['scalar'] = torch.tensor(2.5)
state['empty'] = torch.zeros(0, 3)
state['parameter'] = torch.nn.Parameter(torch.randn(2, 2))
# PyTorch 1 loses the bit when it saves.
if int(torch.__version__.split('.')[0]) >= 2:
    state['negative'] = torch.complex(base[:6], base[:6] + 1).conj().imag.view(2, 3)
state['special'] = torch.tensor([float('nan'), float('inf'), -0.0, 1e-45])
`;

const WRAPS = {
  bare: 'state',
  net: "{'net': state, 'acc': 12.5, 'epoch': 7}",
  state_dict:
    "{'epoch': 3, 'arch': 'x', 'state_dict': state, 'best': torch.tensor(1.5), 'np': np.float32(0.25)}",
  model:
    "{'model': state, 'optimizer': torch.optim.SGD([state['parameter']], 0.1, momentum=0.9).state_dict()}",
} as const;

describe('files that PyTorch saves', { skip }, () => {
  for (const zip of ['True', 'False']) {
    for (const [wrap, object] of Object.entries(WRAPS)) {
      it(`${zip === 'True' ? 'ZIP' : 'legacy'} format, ${wrap}: bit-equal`, async () => {
        const path = join(folder, `${zip}-${wrap}.pth`);
        const { values } = await runPython<{ rows: Row[] }>(
          `${TENSORS}${DESCRIBE}
torch.save(${object}, args['path'], _use_new_zipfile_serialization=${zip})
result['rows'] = describe(state)`,
          { args: { path } },
        );
        const found = readTorchCheckpoint(readFileSync(path), path);
        assert.deepEqual(rowsOf(found.tensors), values.rows);
        assert.equal(found.wrapper, wrap === 'bare' ? null : wrap);
        checkExtras(wrap, found);
      });
    }
  }
});

describe('other files that PyTorch saves', { skip }, () => {
  it('other protocols of pickle', async () => {
    const { values } = await runPython<{ rows: Row[] }>(
      `${TENSORS}${DESCRIBE}
for protocol in range(1, 6):
    for zip in (True, False):
        torch.save(state, '%s/p%d%d.pth' % (args['folder'], protocol, zip), pickle_protocol=protocol, _use_new_zipfile_serialization=zip)
result['rows'] = describe(state)`,
      { args: { folder } },
    );
    for (let protocol = 1; protocol <= 5; protocol++)
      for (const zip of [0, 1]) {
        const path = join(folder, `p${protocol}${zip}.pth`);
        assert.deepEqual(rowsOf(readTorchCheckpoint(readFileSync(path), path).tensors), values.rows);
      }
  });

  it('a DataParallel model, and a model itself', async () => {
    const paths = { parallel: join(folder, 'parallel.pth'), model: join(folder, 'model.pth') };
    const { values } = await runPython<{ rows: Row[] }>(
      `${DESCRIBE}
model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
torch.save({'net': torch.nn.DataParallel(model).state_dict()}, args['parallel'])
torch.save(model, args['model'])
result['rows'] = describe(model.state_dict())`,
      { args: paths },
    );
    const found = readTorchCheckpoint(readFileSync(paths.parallel), 'parallel.pth');
    assert.deepEqual(rowsOf(found.tensors), values.rows);
    assert.throws(
      () => readTorchCheckpoint(readFileSync(paths.model), 'model.pth'),
      /^UserError: model\.pth is a whole pickled model, a torch\.nn\.modules\.container\.Sequential, /,
    );
  });
});

function checkExtras(wrap: string, { extras }: TorchCheckpoint): void {
  const expected: Record<string, [string, unknown][]> = {
    bare: [],
    net: [
      ['acc', 12.5],
      ['epoch', 7],
    ],
    state_dict: [
      ['epoch', 3],
      ['arch', 'x'],
      ['best', 1.5],
      ['np', 0.25],
    ],
    model: [],
  };
  assert.deepEqual([...extras], expected[wrap]);
}

/** A tensor of every type, of bytes that are valid in each. */
function everyType(): StoredTensors {
  const shapes: [string, number[]][] = [
    ['', [3, 2]],
    ['.scalar', []],
    ['.empty', [0, 2]],
    ['.vector', [5]],
  ];
  return new Map(
    Object.entries(DTYPE_BYTES).flatMap(([dtype, size]) =>
      shapes.map(([suffix, shape]) => {
        const data = Uint8Array.from({ length: elementCount(shape) * size }, (_, i) =>
          dtype === 'bool' ? i % 2 : (i * 37 + 11) % 251,
        );
        return [`${dtype}${suffix}`, { dtype: dtype as StoredDType, shape, data }];
      }),
    ),
  );
}

describe('what is written', { skip }, () => {
  it('PyTorch loads, bit-equal, with weights_only and without', async () => {
    const tensors = everyType();
    const paths = { net: join(folder, 'ours-net.pth'), bare: join(folder, 'ours.pth') };
    const extras = new Map<string, number | string | boolean>([
      ['acc', 12.34],
      ['epoch', 300],
      ['name', 'é'],
      ['done', true],
      ['big', 2 ** 40],
    ]);
    writeFileSync(paths.net, Buffer.concat(writeTorchCheckpoint(tensors, { wrapper: 'net', extras })));
    writeFileSync(paths.bare, Buffer.concat(writeTorchCheckpoint(tensors)));
    const { values } = await runPython<{ rows: Row[][]; extras: unknown[][] }>(
      `${DESCRIBE}
import collections
result['rows'], result['extras'] = [], []
for weights_only in (True, False):
    file = torch.load(args['net'], weights_only=weights_only)
    bare = torch.load(args['bare'], weights_only=weights_only)
    assert type(bare) is collections.OrderedDict and type(file['net']) is collections.OrderedDict
    result['rows'] += [describe(file['net']), describe(bare)]
    result['extras'].append([float(file['acc']), file['epoch'], file['name'], file['done'], file['big']])`,
      { args: paths },
    );
    for (const rows of values.rows) assert.deepEqual(rows, rowsOf(tensors));
    for (const found of values.extras) assert.deepEqual(found, [12.34, 300, 'é', true, 2 ** 40]);
    const again = readTorchCheckpoint(readFileSync(paths.net), 'x');
    assert.deepEqual([...again.tensors], [...tensors]);
    assert.deepEqual(again.extras, extras);
  });
});

const library = skipWithoutPython('numpy', 'torch', 'safetensors.torch');
describe('safetensors', { skip: library }, () => {
  it('Python’s safetensors loads, and the reverse, bit-equal', async () => {
    const tensors = everyType();
    const paths = { ours: join(folder, 'ours.safetensors'), theirs: join(folder, 'theirs.safetensors') };
    const metadata = new Map([
      ['format', 'pt'],
      ['note', 'naïve\n'],
    ]);
    writeFileSync(paths.ours, Buffer.concat(serializeSafetensors(tensors, metadata)));
    const { values } = await runPython<{ rows: Row[]; metadata: Record<string, string> }>(
      `${DESCRIBE}
import safetensors, safetensors.torch
state = safetensors.torch.load_file(args['ours'])
safetensors.torch.save_file(state, args['theirs'], metadata={'a': 'ü'})
result['rows'] = describe(state)
result['metadata'] = safetensors.safe_open(args['ours'], 'pt').metadata()`,
      { args: paths },
    );
    const byName = (rows: Row[]): Map<string, Row> => new Map(rows.map((row) => [row[0], row]));
    assert.deepEqual(byName(values.rows), byName(rowsOf(tensors)));
    assert.deepEqual(values.metadata, Object.fromEntries(metadata));
    const theirs = parseSafetensors(readFileSync(paths.theirs), paths.theirs);
    assert.deepEqual(byName(rowsOf(theirs.tensors)), byName(rowsOf(tensors)));
    assert.deepEqual([...theirs.metadata], [['a', 'ü']]);
  });
});
