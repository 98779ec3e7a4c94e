import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { LibraryHandle } from 'koffi';
import type { KernelSource } from '../../../../src/engines/cuda/device.js';
import { unpackImages } from '../../../../src/engines/cuda/kernels/unpackImages.js';
import { bindFunctions, readCublasVersion } from '../../../../src/engines/cuda/native/cublaslt/cublasLt.js';
import { bindCudnn, readVersion } from '../../../../src/engines/cuda/native/cudnn/cudnn.js';
import { grouped, KernelCompiler } from '../../../../src/engines/cuda/native/kernels/kernelCompiler.js';
import { bindNvrtc, chooseTarget } from '../../../../src/engines/cuda/native/kernels/nvrtc.js';
import {
  loadCublasLt,
  loadCudnn,
  loadNvrtc,
} from '../../../../src/engines/cuda/native/library/cudaLibraries.js';
import { foldersOfLibraries } from '../../../../src/engines/cuda/native/library/libraryFolders.js';
import {
  enlargeStacks,
  type OpenedLibrary,
} from '../../../../src/engines/cuda/native/library/openLibrary.js';
import { planProgram } from '../../../../src/engines/cuda/plan/plan.js';
import { sourceOf } from '../../../../src/engines/cuda/work.js';
import { errorMessage, UserError } from '../../../../src/errors.js';
import { withoutCollectives } from '../../../../src/graph/withoutCollectives.js';
import { biasLoss } from '../../../../src/losses/biasLoss.js';
import { createModel } from '../../../../src/models/registry.js';
import { sgd } from '../../../../src/optim/sgd.js';
import { trainProgram } from '../../../../src/train/programs.js';
import { plannedDevice } from '../fixtures/plannedDevice.js';

/** Kernels that are compiled: a few of each kind. */
const SOME = 8;

const parallel = enlargeStacks();
const folders = foldersOfLibraries(process.env);

/** A library, or why what needs it is skipped. */
function found(load: (folders: readonly string[]) => OpenedLibrary): LibraryHandle | string {
  try {
    return load(folders).handle;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return errorMessage(error);
  }
}

function skipped(library: LibraryHandle | string): string | false {
  return typeof library === 'string' ? library : false;
}

function loaded(library: LibraryHandle | string): LibraryHandle {
  assert.ok(typeof library !== 'string');
  return library;
}

/** Every so-many-th of the kernels that training a model needs. */
function kernelsOf(name: string): KernelSource[] {
  const program = trainProgram(createModel({ name, classes: 10 }), biasLoss({}), sgd({ momentum: 0.9 }), 8);
  const { steps } = planProgram(plannedDevice(), withoutCollectives(program), 'bf16');
  const sources = steps.map(sourceOf).filter((source) => source !== undefined);
  const all = [...new Map(sources.map((source) => [source.name, source])).values()];
  const each = Math.ceil(all.length / SOME);
  return [unpackImages, ...all.filter((_, index) => index % each === 0)];
}

const nvrtc = found(loadNvrtc);
const cublasLt = found(loadCublasLt);
const cudnn = found(loadCudnn);

describe('the symbols that are bound', () => {
  it('are in cuBLASLt', { skip: skipped(cublasLt) }, () => {
    bindFunctions(loaded(cublasLt));
    assert.match(readCublasVersion(loaded(cublasLt)), /^1[23]\.\d+\.\d+$/);
  });

  it('are in cuDNN', { skip: skipped(cudnn) }, () => {
    bindCudnn(loaded(cudnn));
    assert.match(readVersion(loaded(cudnn)), /^9\.\d+\.\d+$/);
  });

  it('are in NVRTC', { skip: skipped(nvrtc) }, () =>
    assert.match(bindNvrtc(loaded(nvrtc), parallel).version, /^1[23]\.\d+$/),
  );
});

describe('kernels compiled by NVRTC', { skip: skipped(nvrtc) }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));
  const compiler = (capability: number): KernelCompiler =>
    new KernelCompiler(bindNvrtc(loaded(nvrtc), parallel), capability, folder);

  it('are machine code, which is found in the cache afterwards', async () => {
    const kernels = kernelsOf('shufflenetv2');
    assert.ok(kernels.length > SOME / 2);
    const modules = await compiler(90).compile(kernels);
    for (const module of modules)
      assert.equal(Buffer.from(module.subarray(0, 4)).toString('latin1'), '\x7fELF');
    for (const [index, { name }] of kernels.entries())
      assert.ok(Buffer.from(modules[index]!).includes(name), `${name} is in its module`);
    const files = readdirSync(folder).length;
    const start = performance.now();
    const again = await compiler(90).compile([...kernels].reverse());
    assert.ok(performance.now() - start < 500);
    again.reverse().forEach((module, index) => {
      assert.ok(Buffer.from(module).equals(modules[index]!));
    });
    assert.equal(readdirSync(folder).length, files);
  });

  it('that are wrong are named, beside others that are right', async () => {
    const kernel = (name: string, body: string): KernelSource => ({
      name,
      source: `extern "C" __global__ void ${name}(float* x) { ${body} }`,
    });
    await assert.rejects(
      compiler(90).compile([kernel('right', 'x[0] = 1;'), kernel('wrong', 'y[0] = 1;')]),
      (error) =>
        error instanceof UserError && /^the CUDA kernel wrong does not compile .*"y"/s.test(error.message),
    );
  });
});

describe('the compiler’s target', () => {
  it('is the card’s own, or PTX for the newest that both know', () => {
    assert.deepEqual(chooseTarget([75, 80, 90], 90), { architecture: 'sm_90' });
    assert.deepEqual(chooseTarget([75, 80, 90], 103), { architecture: 'compute_90' });
    assert.throws(() => chooseTarget([75, 80], 70), /compute capability 7\.5 and newer; the GPU has 7\.0/);
  });

  it('takes kernels in groups that do not depend on their order, of different names', () => {
    const kernels = Array.from({ length: 40 }, (_, index) => ({
      name: `k${index % 20}`,
      source: `s${index}`,
    }));
    const groups = grouped(kernels);
    assert.deepEqual(grouped([...kernels].reverse()), groups);
    assert.equal(groups.flat().length, kernels.length);
    for (const group of groups) assert.equal(new Set(group.map(({ name }) => name)).size, group.length);
    assert.deepEqual(grouped([]), []);
  });
});
