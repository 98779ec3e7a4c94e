/** Libraries with other threads than GNU OpenMP's, and those that need files beside them: small ones with the same symbols. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { type DnnlLibrary, loadLibrary } from '../../../src/engines/onednn/library.js';
import { limitThreads, type ThreadLimit } from '../../../src/engines/onednn/threading.js';
import { UserError } from '../../../src/errors.js';

const hasCompiler = spawnSync('cc', ['--version']).status === 0;
const skip = process.platform !== 'linux' ? 'made for Linux' : !hasCompiler && 'there is no C compiler (cc)';

const VERSION = `
static struct { int major, minor, patch; const char *hash; unsigned cpu, gpu; } version = {3, 9, 1, "none", RUNTIME, 0};
const void *dnnl_version(void) { return &version; }
int dnnl_get_effective_cpu_isa(void) { return 0x7; }
static int threads = -1;
int threads_asked_for(void) { return threads; }
`;
const SET = 'void omp_set_num_threads(int n) { threads = n; }';
const GNU = 'void GOMP_parallel(void) {}';
const LLVM = 'void __kmpc_fork_call(void) {}';
const TBB = `
void _ZN3tbb6detail2r16createERNS0_2d114global_controlE(unsigned long *control) { threads = control[2] == 0 ? control[0] : -2; }
void _ZN3tbb6detail2r17destroyERNS0_2d114global_controlE(unsigned long *control) { threads = -1; }
`;

const folder = mkdtempSync(join(tmpdir(), 'biasloss-runtimes-'));
after(() => rmSync(folder, { recursive: true }));

/** Compiles a library in a folder of its own and returns its path. */
function compile(name: string, source: string, args: readonly string[] = []): string {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  const [file, path] = [join(own, `${name}.c`), join(own, `lib${name}.so`)];
  writeFileSync(file, source);
  const options = ['-shared', '-fPIC', `-Wl,-soname,lib${name}.so`, '-o', path, file];
  const { status, stderr } = spawnSync('cc', [...options, ...args], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return path;
}

/** Loads a library of a runtime and limits its threads to 3. */
function limited(
  name: string,
  runtime: number,
  parts: readonly string[],
): { readonly library: DnnlLibrary; readonly limit: ThreadLimit; readonly asked: () => number } {
  const path = compile(name, [VERSION, ...parts].join('\n'), [`-DRUNTIME=${runtime}`]);
  const library = loadLibrary({ BIASLOSS_ONEDNN: path });
  assert.equal(library.version, '3.9.1');
  const limit = limitThreads(library.handle, library.runtime, 3);
  return { library, limit, asked: library.handle.func('int threads_asked_for()') };
}

for (const [name, title, parts] of [
  ['gnu', 'GNU OpenMP', [SET, GNU]],
  ['llvm', 'LLVM’s OpenMP', [SET, GNU, LLVM]],
  ['other', 'OpenMP', [SET]],
] as const)
  test(`${title} takes the number of threads`, { skip }, () => {
    const { limit, asked } = limited(name, 2, parts);
    assert.deepEqual([limit.text, limit.holds, asked()], [`3 threads (${title})`, true, 3]);
    limit.release();
    assert.equal(asked(), 3);
  });

for (const [runtime, name, title] of [
  [4, 'tbb', 'TBB'],
  [512, 'sycl', 'SYCL with TBB'],
] as const)
  test(`${title} is limited until the limit is released`, { skip }, () => {
    const { library, limit, asked } = limited(name, runtime, [TBB]);
    assert.deepEqual([library.runtime, limit.text, asked()], [name, `3 threads (${title})`, 3]);
    limit.release();
    assert.equal(asked(), -1);
  });

test('what cannot be set is said', { skip }, () => {
  assert.match(limited('mute', 2, []).limit.text, /^threads as its OpenMP chooses$/);
  assert.match(limited('oldtbb', 4, []).limit.text, /^threads as TBB chooses$/);
  assert.match(limited('sequential', 1, []).limit.text, /^1 thread: the library was built without threads$/);
  for (const [name, bits] of [
    ['mute', 2],
    ['oldtbb', 4],
    ['sequential', 1],
  ] as const)
    assert.equal(limited(name, bits, []).limit.holds, false, name);
  assert.match(limited('pool', 8, []).limit.text, /^1 thread: .* for a thread pool of its caller$/);
  assert.match(limited('new', 1024, []).limit.text, /^threads as it chooses$/);
});

test('libraries beside it that it needs are loaded before it, theirs before them', { skip }, () => {
  const deepest = compile('deepest', 'int deepest(void) { return 1; }');
  const own = dirname(deepest);
  const linked = (name: string, source: string, needed: string): string => {
    const path = join(own, `lib${name}.so`);
    renameSync(compile(name, source, ['-DRUNTIME=1', `-L${own}`, `-l${needed}`]), path);
    return path;
  };
  linked('middle', 'int deepest(void); int middle(void) { return deepest(); }', 'deepest');
  const source = `${VERSION} int middle(void); int top(void) { return middle(); }`;
  const lonely = compile('lonely', source, ['-DRUNTIME=1', `-L${own}`, '-lmiddle']);
  assert.throws(
    () => loadLibrary({ BIASLOSS_ONEDNN: lonely }),
    (error) =>
      error instanceof UserError &&
      /which cannot be loaded: it needs libmiddle\.so, which is not found$/.test(error.message),
  );
  const top = linked('top', source, 'middle');
  assert.equal(loadLibrary({ BIASLOSS_ONEDNN: top }).runtime, 'sequential');
});
