/** The types of the entry points, as a program sees them that checks them too and makes none known by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ENTRIES = ['index', 'browser', 'prepare'].map((name) =>
  fileURLToPath(new URL(`../src/${name}.d.ts`, import.meta.url)),
);

test('the types of the entry points need no types of Node.js', () => {
  const program = ts.createProgram(ENTRIES, {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    types: [],
  });
  const errors = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    return `${file?.fileName}: ${text}`;
  });
  assert.deepEqual(errors, []);
});
