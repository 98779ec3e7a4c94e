import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  foldersOfDriver,
  foldersOfLibraries,
  hasDriver,
} from '../../../../src/engines/cuda/native/library/libraryFolders.js';
import { openLibrary } from '../../../../src/engines/cuda/native/library/openLibrary.js';
import { UserError } from '../../../../src/errors.js';

describe('the folders that CUDA is looked for in', () => {
  const root = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(root, { recursive: true }));
  const make = (...parts: string[]): string => {
    const folder = join(root, ...parts);
    mkdirSync(folder, { recursive: true });
    return folder;
  };

  it('are those of variables, of Python’s packages and of the toolkit, in this order', () => {
    const [mine, home, toolkit] = [
      make('mine'),
      make('home', 'lib64'),
      make('usr', 'local', 'cuda', 'lib64'),
    ];
    const wheels13 = make('venv', 'lib', 'python3.12', 'site-packages', 'nvidia', 'cu13', 'lib');
    const conda = make('conda', 'lib', 'python3.11', 'site-packages', 'nvidia', 'cublas', 'lib');
    const other = make('other', 'nvidia', 'cudnn', 'lib');
    const environment = {
      BIASLOSS_CUDA: `${mine}:${join(root, 'absent')}`,
      CUDA_HOME: join(root, 'home'),
      VIRTUAL_ENV: join(root, 'venv'),
      CONDA_PREFIX: join(root, 'conda'),
    };
    assert.deepEqual(foldersOfLibraries(environment, root, [join(root, 'other'), join(root, 'none')]), [
      ...[mine, home, wheels13, conda, other],
      ...[join(root, 'venv', 'lib'), join(root, 'conda', 'lib'), toolkit],
    ]);
  });

  it('are searched once each, and the loader’s first where LD_LIBRARY_PATH names them', () => {
    const folder = make('loader');
    const environment = { BIASLOSS_CUDA: folder, LD_LIBRARY_PATH: `:${folder}:` };
    assert.deepEqual(foldersOfLibraries(environment, join(root, 'empty'), []), [folder]);
  });

  it('tell whether there is a driver', () => {
    const system = make('system', 'usr', 'lib', 'x86_64-linux-gnu');
    assert.deepEqual(foldersOfDriver({}, join(root, 'system')), [system]);
    assert.ok(!hasDriver({}, join(root, 'system')));
    writeFileSync(join(system, 'libcuda.so.1'), '');
    assert.ok(hasDriver({}, join(root, 'system')));
    make('device', 'dev');
    assert.ok(!hasDriver({}, join(root, 'device')));
    writeFileSync(join(root, 'device', 'dev', 'nvidiactl'), '');
    assert.ok(hasDriver({}, join(root, 'device')));
  });
});

describe('a library of CUDA', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
  after(() => rmSync(folder, { recursive: true }));

  it('that is missing is one sentence', () =>
    assert.throws(
      () => openLibrary(['libabsent.so.13', 'libabsent.so.12'], [folder], 'Absent'),
      (error) =>
        error instanceof UserError &&
        error.message === 'Absent is not installed: no libabsent.so.13 or libabsent.so.12 was found',
    ));

  it('that is damaged is named', () => {
    const path = join(folder, 'libdamaged.so.13');
    writeFileSync(path, 'not an object file');
    assert.throws(
      () => openLibrary(['libdamaged.so.13'], [folder], 'Damaged'),
      (error) =>
        error instanceof UserError && error.message.startsWith(`${path} is there but cannot be loaded: `),
    );
  });
});
