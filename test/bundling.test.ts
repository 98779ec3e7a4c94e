/** docs/bundling.md: its commands give bundles that run, and a bundle that holds the library says what it lacks. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { withFolder } from './train/fixtures/tiny.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ESBUILD = join(ROOT, 'node_modules/esbuild/bin/esbuild');

const PROGRAM = `
  import { createEngine, Graph } from 'biasloss';
  const main = async () => {
    const graph = new Graph();
    const engine = await createEngine('onnx', { threads: 1 });
    const program = await engine.compile(graph.program({ y: graph.input('x', [2]) }));
    console.log(...(await program.run({ x: Float32Array.of(1, 2) })).y);
    await engine.close();
  };
  main().catch(({ name, message }) => console.log(name, message));
`;

/** A folder with a program, in which this package is installed. */
function withProgram(body: (cwd: string) => Promise<void>): Promise<void> {
  return withFolder(async (cwd) => {
    mkdirSync(join(cwd, 'node_modules'));
    symlinkSync(ROOT, join(cwd, 'node_modules/biasloss'), 'junction');
    writeFileSync(join(cwd, 'program.mjs'), PROGRAM);
    await body(cwd);
  });
}

function run(cwd: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  return stdout + stderr;
}

describe('bundles', () => {
  const text = readFileSync(join(ROOT, 'docs/bundling.md'), 'utf8');
  const commands = [...text.matchAll(/```sh\nesbuild (.*)\n```/g)].map(([, args]) => args!.split(' '));

  it('the document’s commands give bundles that run', () =>
    withProgram(async (cwd) => {
      assert.equal(commands.length, 2);
      for (const args of commands) {
        const built = spawnSync(ESBUILD, args, {
          cwd,
          encoding: 'utf8',
          shell: process.platform === 'win32',
        });
        assert.equal(built.status, 0, built.stderr);
        const [, file] = args.at(-1)!.split('=');
        assert.match(run(cwd, file!), /^1 2\n/);
      }
    }));

  for (const [format, message] of [
    ['esm', /^UserError biasloss’ file .*backend\.js is missing: keep biasloss external when bundling/],
    ['cjs', /^UserError biasloss cannot find its file \S+ in a bundle in CommonJS: keep biasloss external/],
  ] as const) {
    it(`one in ${format} that holds the library says what it lacks`, () =>
      withProgram(async (cwd) => {
        const outfile = join(cwd, `held.${format === 'esm' ? 'mjs' : 'cjs'}`);
        await build({
          entryPoints: [join(cwd, 'program.mjs')],
          bundle: true,
          platform: 'node',
          format,
          outfile,
          external: ['onnxruntime-node', 'sharp', 'koffi'],
          logLevel: 'silent',
          absWorkingDir: cwd,
          ...(format === 'esm' && {
            banner: {
              js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
            },
          }),
        });
        symlinkSync(join(ROOT, 'node_modules/koffi'), join(cwd, 'node_modules/koffi'), 'junction');
        for (const name of ['onnxruntime-node', 'sharp'])
          symlinkSync(join(ROOT, 'node_modules', name), join(cwd, 'node_modules', name), 'junction');
        assert.match(run(cwd, outfile), message);
      }));
  }
});
