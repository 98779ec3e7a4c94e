import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import ts from 'typescript';
import { withFolder } from './train/fixtures/tiny.js';

const FOLDER = resolve('dist/examples');

/** The TypeScript of each section of a document: the blocks of a section are one program. */
function examplesOf(path: string): Map<string, string> {
  const sections = readFileSync(path, 'utf8').split(/^## /m).slice(1);
  const blocks = sections.map((section): [string, string] => {
    const code = [...section.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, text]) => text);
    return [section.slice(0, section.indexOf('\n')), code.join('\n')];
  });
  return new Map(blocks.filter(([, code]) => code !== ''));
}

/** Writes the examples where `biasloss` is this package, and compiles them; what the compiler says against them. */
function compile(examples: ReadonlyMap<string, string>): string[] {
  mkdirSync(FOLDER, { recursive: true });
  const files = [...examples.values()].map((code, i) => {
    const file = resolve(FOLDER, `example${i}.mts`);
    writeFileSync(file, code);
    return file;
  });
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...{ target: 'ES2023', lib: ['ES2023'], module: 'NodeNext', moduleResolution: 'NodeNext' },
      ...{ strict: true },
    },
    '.',
  );
  const program = ts.createProgram(files, { ...options, types: ['node'], skipLibCheck: true });
  program.emit();
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

describe('the examples of docs/library.md', () => {
  const examples = examplesOf('docs/library.md');
  const errors = compile(examples);
  after(() => rmSync(FOLDER, { recursive: true, force: true }));

  it('are there, and type-check', () => {
    assert.ok(examples.size >= 8, `${examples.size} examples`);
    assert.deepEqual(errors, []);
  });

  [...examples.keys()].forEach((title, i) => {
    it(`${title}: runs`, async (context) => {
      await withFolder(async (cwd) => {
        const { status, stderr } = spawnSync(process.execPath, [resolve(FOLDER, `example${i}.mjs`)], {
          cwd,
          encoding: 'utf8',
        });
        if (/needs an NVIDIA GPU or oneDNN|no oneDNN/i.test(stderr)) context.skip('there is no oneDNN here');
        else assert.equal(status, 0, stderr);
      });
    });
  });
});
