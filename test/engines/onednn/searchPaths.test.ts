import assert from 'node:assert/strict';
import { test } from 'node:test';
import { libraryPaths, type Place } from '../../../src/engines/onednn/search/paths.js';

/** Paths besides the names for the system's loader, on a disk with these folders. */
function pathsOn(
  platform: NodeJS.Platform,
  disk: Readonly<Record<string, readonly string[]>>,
  { environment = {}, pythonPrefixes = () => [] }: Partial<Place> = {},
): string[] {
  const list = (folder: string): readonly string[] => disk[folder] ?? [];
  return [...libraryPaths({ platform, environment, pythonPrefixes, list })].filter((path) =>
    /[\\/]/.test(path),
  );
}

test('Linux: the loader first, then version 2 before the newest 3 of all folders', () => {
  const names = [
    ...libraryPaths({ platform: 'linux', environment: {}, pythonPrefixes: () => [], list: () => [] }),
  ];
  assert.deepEqual(names, ['libdnnl.so.2', 'libdnnl.so.3', 'libdnnl.so.3.6']);
  const disk = {
    '/env/lib': ['libdnnl.so', 'libdnnl.so.3', 'libdnnl.so.3.13', 'libdnnl_extra.so.2'],
    '/usr/local/lib': ['libdnnl.so.2.6'],
    '/usr/lib64': ['libdnnl.so.3.9'],
  };
  assert.deepEqual(pathsOn('linux', disk, { environment: { VIRTUAL_ENV: '/env' } }), [
    '/usr/local/lib/libdnnl.so.2.6',
    '/env/lib/libdnnl.so.3.13',
    '/usr/lib64/libdnnl.so.3.9',
    '/env/lib/libdnnl.so.3',
    '/env/lib/libdnnl.so',
  ]);
});

test('a Python that is not activated is asked only after everything else', () => {
  let asked = 0;
  const pythonPrefixes = (): string[] => {
    asked++;
    return ['/conda', '/home/me/.local'];
  };
  const disk = { '/conda/lib': ['libdnnl.so.3'], '/home/me/.local/lib': ['libdnnl.so.3'] };
  const place = { platform: 'linux', environment: { CONDA_PREFIX: '/conda' }, pythonPrefixes } as const;
  const list = (folder: string): readonly string[] => disk[folder as keyof typeof disk] ?? [];
  const found: string[] = [];
  for (const path of libraryPaths({ ...place, list })) {
    found.push(path);
    if (path === '/conda/lib/libdnnl.so.3') assert.equal(asked, 0);
  }
  assert.deepEqual(found.slice(-2), ['/conda/lib/libdnnl.so.3', '/home/me/.local/lib/libdnnl.so.3']);
  assert.equal(asked, 1);
});

test('macOS: Homebrew’s and conda’s', () => {
  const disk = {
    '/opt/homebrew/lib': ['libdnnl.dylib', 'libdnnl.3.dylib', 'libdnnl.3.8.dylib'],
    '/conda/lib': ['libdnnl.2.7.dylib'],
  };
  assert.deepEqual(pathsOn('darwin', disk, { environment: { CONDA_PREFIX: '/conda' } }), [
    '/conda/lib/libdnnl.2.7.dylib',
    '/opt/homebrew/lib/libdnnl.3.8.dylib',
    '/opt/homebrew/lib/libdnnl.3.dylib',
    '/opt/homebrew/lib/libdnnl.dylib',
  ]);
});

test('Windows: wheels, conda, oneAPI, vcpkg', () => {
  const disk = {
    'C:\\env\\Library\\bin': ['dnnl.dll', 'dnnl_sycl.dll'],
    'D:\\vcpkg\\installed\\x64-windows\\bin': ['dnnl.dll'],
    'C:\\Program Files (x86)\\Intel\\oneAPI\\dnnl\\latest\\bin': ['DNNL.dll'],
    'C:\\python\\Library\\bin': ['dnnl.dll'],
  };
  const environment = {
    VIRTUAL_ENV: 'C:\\env',
    VCPKG_ROOT: 'D:\\vcpkg',
    ProgramFiles: 'C:\\Program Files',
  };
  assert.deepEqual(pathsOn('win32', disk, { environment, pythonPrefixes: () => ['C:\\python'] }), [
    'C:\\env\\Library\\bin\\dnnl.dll',
    'C:\\Program Files (x86)\\Intel\\oneAPI\\dnnl\\latest\\bin\\DNNL.dll',
    'D:\\vcpkg\\installed\\x64-windows\\bin\\dnnl.dll',
    'C:\\python\\Library\\bin\\dnnl.dll',
  ]);
});

test('elsewhere: nowhere', () => assert.deepEqual(pathsOn('aix', {}), []));
