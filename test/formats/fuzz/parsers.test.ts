/**
 * Files changed at random must be read, or refused with a UserError: no other error, no long run, no memory
 * beyond a bound. BIASLOSS_FUZZ_ROUNDS and BIASLOSS_FUZZ_SEED choose how many files and which.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/errors.js';
import { parsePickleWithNumpy } from '../../../src/formats/pickle/numpy.js';
import { parseSafetensors } from '../../../src/formats/safetensors/parse.js';
import { DTYPE_BYTES, elementCount, type StoredTensors, toFloat32 } from '../../../src/formats/tensor.js';
import { readTorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import { zipChunks } from '../../../src/formats/zip/writeZip.js';
import { Samples } from '../../support/samples.js';
import { joinBytes, latin1Bytes, littleEndian } from '../support/bytes.js';
import { mutate } from './mutate.js';
import { legacies, objects, pickles, safetensors, storages, torchZips } from './seeds.js';

const ROUNDS = Number(process.env.BIASLOSS_FUZZ_ROUNDS ?? 3000);
const SEED = Number(process.env.BIASLOSS_FUZZ_SEED ?? 1);
/** Longest time for a file of at most 64 KiB, with room for a busy machine. */
const MAX_MS = 3000;
/** Most that reading such a file may leave behind before it is collected: the pickle reader's bound on objects. */
const MAX_BYTES = 2 ** 25;

interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  readonly parse: (bytes: Uint8Array) => StoredTensors | undefined;
}

/** A valid safetensors length before a changed header, and some data after it. */
function withLength(header: Uint8Array): Uint8Array {
  return joinBytes([littleEndian([header.length, 8]), header, new Uint8Array(42)]);
}

/** A valid ZIP file around a changed pickle. */
function zipped(pickle: Uint8Array): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => ({ name: `a/data/${key}`, data: bytes }));
  return joinBytes(zipChunks([{ name: 'a/data.pkl', data: pickle }, ...data]));
}

const headerOf = (file: Uint8Array): Uint8Array =>
  file.subarray(8, 8 + Number(new DataView(file.buffer).getBigUint64(0, true)));

const targets: readonly Target[] = [
  { name: 'safetensors', seeds: safetensors, parse: (bytes) => parseSafetensors(bytes, 'f').tensors },
  {
    name: 'headers of safetensors',
    seeds: safetensors.map(headerOf),
    parse: (bytes) => parseSafetensors(withLength(bytes), 'f').tensors,
  },
  { name: 'ZIP checkpoints', seeds: torchZips, parse: (bytes) => readTorchCheckpoint(bytes, 'f').tensors },
  {
    name: 'pickles of ZIP checkpoints',
    seeds: [latin1Bytes(`\x80\x02${objects[0]}.`)],
    parse: (bytes) => readTorchCheckpoint(zipped(bytes), 'f').tensors,
  },
  { name: 'legacy checkpoints', seeds: legacies, parse: (bytes) => readTorchCheckpoint(bytes, 'f').tensors },
  {
    name: 'pickles',
    seeds: pickles,
    parse: (bytes) => {
      parsePickleWithNumpy(bytes, 'f');
      return undefined;
    },
  },
];

/** Reads a file; whether it was accepted. */
function accepts({ parse }: Target, bytes: Uint8Array): boolean {
  try {
    for (const [name, tensor] of parse(bytes) ?? []) {
      assert.equal(tensor.data.length, elementCount(tensor.shape) * DTYPE_BYTES[tensor.dtype], name);
      assert.equal(toFloat32(tensor).length, elementCount(tensor.shape), name);
    }
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.doesNotMatch(error.message, /[\n\r]/);
    assert.ok(error.message.length < 2000, error.message);
    return false;
  }
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('files changed at random', () => {
  for (const target of targets) {
    it(target.name, () => {
      const samples = new Samples(target.name, SEED);
      const donors = [...target.seeds, ...pickles, ...safetensors];
      let accepted = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const seed = samples.pick(target.seeds as [Uint8Array, ...Uint8Array[]]);
        const bytes = mutate(seed, samples, donors);
        const [started, before] = [performance.now(), memory()];
        try {
          if (accepts(target, bytes)) accepted++;
          assert.ok(performance.now() - started < MAX_MS, 'took too long');
          assert.ok(memory() - before < MAX_BYTES, 'took too much memory');
        } catch (error) {
          throw new Error(`round ${round}: ${Buffer.from(bytes).toString('base64')}`, { cause: error });
        }
      }
      assert.ok(accepted < ROUNDS, 'every change went unnoticed');
    });
  }

  it('the files themselves are accepted', () => {
    for (const target of targets.filter(({ name }) => !name.startsWith('headers') && name !== 'pickles'))
      for (const seed of target.seeds) assert.ok(accepts(target, seed), target.name);
  });
});
