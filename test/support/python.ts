/**
 * Runs Python snippets for tests that compare with PyTorch. The interpreter is $BIASLOSS_PYTHON, or
 * /usr/bin/python3. `bench/pytorch` is on the module path, so that snippets can `from models import create`.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A dense row-major tensor. int32 and int64 data cross as their own types; everything else as float32 or float64. */
export interface PythonTensor {
  shape: number[];
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

/** What a snippet left in `result`: tensors by name, and everything else as JSON. */
export interface PythonResult<T> {
  values: T;
  tensors: Record<string, PythonTensor>;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MODULES = join(ROOT, 'bench/pytorch');
const TIMEOUT_MS = 120_000;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
};
type Dtype = keyof typeof ARRAYS;

interface TensorEntry {
  name: string;
  shape: number[];
  dtype: Dtype;
  /** The data's file. */
  path: string;
}

/** Reads the exchange's inputs before the snippet and writes its outputs after it. */
const PROLOGUE = `
import json, sys
import numpy as np
import torch
sys.path.insert(0, sys.argv[2])
with open(sys.argv[1] + '/input.json') as f:
    _input = json.load(f)
args = _input['args']
tensors = {e['name']: torch.from_numpy(np.fromfile(e['path'], e['dtype']).reshape(e['shape']))
           for e in _input['tensors']}
result = {}
`;
const EPILOGUE = `
_values, _tensors = {}, []
for _name, _value in result.items():
    if isinstance(_value, torch.Tensor):
        _value = _value.detach()
        if _value.dtype in (torch.bfloat16, torch.float16):
            _value = _value.float()
        elif _value.dtype is torch.bool:
            _value = _value.to(torch.uint8)
        _array = np.ascontiguousarray(_value.contiguous().numpy())
        _path = '%s/out%d.bin' % (sys.argv[1], len(_tensors))
        _array.tofile(_path)
        _tensors.append({'name': _name, 'shape': list(_value.shape), 'dtype': str(_array.dtype), 'path': _path})
    else:
        _values[_name] = _value
with open(sys.argv[1] + '/output.json', 'w') as f:
    json.dump({'values': _values, 'tensors': _tensors}, f)
`;

/** The interpreter that snippets run in. */
export function pythonPath(): string {
  return process.env.BIASLOSS_PYTHON ?? '/usr/bin/python3';
}

const probes = new Map<string, string | false>();

/**
 * For `node:test`'s `skip`: false where Python has every one of `modules` (by default numpy and torch), else the
 * reason. The answer is kept for the process.
 */
export function skipWithoutPython(...modules: string[]): string | false {
  const wanted = modules.length > 0 ? modules : ['numpy', 'torch'];
  const key = wanted.join(', ');
  let reason = probes.get(key);
  if (reason === undefined) {
    reason = probe(wanted) ? false : `${pythonPath()} cannot import ${key}`;
    probes.set(key, reason);
  }
  return reason;
}

function probe(modules: string[]): boolean {
  try {
    execFileSync(pythonPath(), ['-c', `import ${modules.join(', ')}`], {
      stdio: 'ignore',
      timeout: TIMEOUT_MS,
    });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs `source` with `args` (any JSON) and `tensors` (a dict of torch tensors) defined; what it puts into the dict
 * `result` comes back: torch tensors as `tensors`, everything else as `values`. The caller states `values`' type.
 * @throws Error with Python's traceback where the snippet fails.
 */
export async function runPython<T = Record<string, never>>(
  source: string,
  input: { args?: unknown; tensors?: Record<string, PythonTensor> } = {},
): Promise<PythonResult<T>> {
  const folder = await mkdtemp(join(tmpdir(), 'biasloss-python-'));
  try {
    const tensors = await writeTensors(folder, input.tensors ?? {});
    await writeFile(join(folder, 'input.json'), JSON.stringify({ args: input.args ?? null, tensors }));
    await writeFile(join(folder, 'snippet.py'), PROLOGUE + source + EPILOGUE);
    await execute([join(folder, 'snippet.py'), folder, MODULES]);
    const output: { values: T; tensors: TensorEntry[] } = JSON.parse(
      await readFile(join(folder, 'output.json'), 'utf8'),
    );
    const read = await Promise.all(output.tensors.map(readTensor));
    return { values: output.values, tensors: Object.fromEntries(read) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function execute(parameters: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(pythonPath(), parameters, { timeout: TIMEOUT_MS }, (error, _stdout, stderr) => {
      if (error) reject(new Error(`Python failed: ${stderr.trim() || error.message}`));
      else resolve();
    });
  });
}

function writeTensors(folder: string, tensors: Record<string, PythonTensor>): Promise<TensorEntry[]> {
  return Promise.all(
    Object.entries(tensors).map(async ([name, { shape, data }], index) => {
      const path = join(folder, `in${index}.bin`);
      await writeFile(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return { name, shape, dtype: dtypeOf(data), path };
    }),
  );
}

async function readTensor(entry: TensorEntry): Promise<[string, PythonTensor]> {
  const bytes = Uint8Array.from(await readFile(entry.path));
  const array = ARRAYS[entry.dtype];
  if (array === undefined)
    throw new Error(`result "${entry.name}" has a type that does not cross: ${entry.dtype}`);
  return [entry.name, { shape: entry.shape, data: new array(bytes.buffer) }];
}

function dtypeOf(data: PythonTensor['data']): Dtype {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof BigInt64Array) return 'int64';
  return 'uint8';
}
