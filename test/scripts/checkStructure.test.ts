import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStructure } from '../../scripts/structure/check.js';
import { formatFinding } from '../../scripts/structure/finding.js';

/** Findings of a made-up tree, as text. */
function findings(files: Readonly<Record<string, string>>): string[] {
  return checkStructure(new Map(Object.entries(files))).map(formatFinding);
}

const lines = (count: number): string => 'const x = 1;\n'.repeat(count);
const functionOf = (count: number): string => `function f() {\n${'  x();\n'.repeat(count - 2)}}\n`;

test('a sound tree has no findings', () => {
  assert.deepEqual(
    findings({
      'src/errors.ts': '/** An error. */ export class E extends Error {}',
      'src/graph/op.ts': "import { E } from '../errors.js';\n/** An operation. */ export const op = E;",
      'src/engines/engine.ts': "import type { op } from '../graph/op.js';",
      'src/engines/onnx/backend.ts': "import { parse } from '../../formats/onnx/model.js';",
      'src/formats/onnx/model.ts': '/** Parses. */ export const parse = 1;',
      'src/data/cifar.ts': "import { parse } from '../formats/onnx/model.js'; import 'node:fs';",
      'src/train/trainer.ts': "import '../data/cifar.js'; import '../engines/engine.js';",
      'src/cli/main.ts': "import '../train/trainer.js'; console.log(1); process.stdout.write('x');",
      'src/index.ts': "export * from './train/trainer.js';",
      'test/a.test.ts': "import '../src/index.js'; console.log('// @ts-ignore', 'as unknown as any');",
    }),
    [],
  );
});

for (const [path, target] of [
  ['src/graph/op.ts', '../nn/layer.js'],
  ['src/errors.ts', './graph/op.js'],
  ['src/engines/engine.ts', '../models/model.js'],
  ['src/formats/onnx/model.ts', '../../engines/onnx/backend.js'],
  ['src/engines/onednn/backend.ts', '../../nn/layer.js'],
  ['src/engines/fusion/usage.ts', '../engine.js'],
  ['src/engines/fusion/rules/channels.ts', '../../../errors.js'],
  ['src/formats/pickle.ts', '../train/trainer.js'],
  ['src/train/trainer.ts', '../cli/main.js'],
  ['src/train/trainer.ts', '../../test/support/x.js'],
] as const) {
  test(`${path} must not import ${target}`, () => {
    for (const text of [
      `import { x } from '${target}';`,
      `import type { X } from '${target}';`,
      `export * from '${target}';`,
      `const x = await import('${target}');`,
      `type X = import('${target}').X;`,
    ]) {
      const found = findings({ [path]: `\n${text}` });
      assert.equal(found.length, 1, text);
      assert.match(found[0]!, /^src\/.*\.ts:2: src\/\S+ must not import \S+\.ts$/);
    }
  });
}

test('a folder without a place is refused', () => {
  assert.deepEqual(findings({ 'src/utils/x.ts': '' }), [
    'src/utils/x.ts:1: src/utils has no place in the order of folders',
  ]);
});

test('import cycles are refused once each, types included', () => {
  assert.deepEqual(
    findings({
      'src/graph/a.ts': "import './b.js';",
      'src/graph/b.ts': "\nimport type { C } from './c.js';",
      'src/graph/c.ts': "import './a.js'; import './d.js';",
      'src/graph/d.ts': '',
      'test/x.ts': "import './x.js';",
    }),
    [
      'src/graph/a.ts:1: import cycle: src/graph/a.ts → src/graph/b.ts → src/graph/c.ts → src/graph/a.ts',
      'test/x.ts:1: import cycle: test/x.ts → test/x.ts',
    ],
  );
});

test('instanceof is refused for built-in classes, in the library alone', () => {
  const text =
    'export const a = (x: unknown) => x instanceof Int32Array || x instanceof Own || x instanceof Map;';
  assert.deepEqual(findings({ 'src/random.ts': `/** A. */ ${text}`, 'test/a.ts': text }), [
    'src/random.ts:1: instanceof Int32Array is false for other realms’ objects',
    'src/random.ts:1: instanceof Map is false for other realms’ objects',
  ]);
});

test('printing is refused outside of the command line', () => {
  assert.deepEqual(findings({ 'src/train/a.ts': 'console.log(1);\nprocess.stderr.write("x");' }), [
    'src/train/a.ts:1: only src/cli prints, not console.log',
    'src/train/a.ts:2: only src/cli prints, not process.stderr',
  ]);
});

test('flags are refused outside of the command line, in texts and comments', () => {
  const text = [
    "const a = 'give --data-path';",
    'const b = `(--std) $' + '{a}`;',
    '// as --resume does',
    'let n = 1; --n;',
    "const rule = 'a -- b';",
  ].join('\n');
  assert.deepEqual(findings({ 'src/train/a.ts': text, 'src/cli/a.ts': text, 'test/a.ts': text }), [
    'src/train/a.ts:1: only src/cli names flags, not --data-path',
    'src/train/a.ts:2: only src/cli names flags, not --std',
    'src/train/a.ts:3: only src/cli names flags, not --resume',
  ]);
  const css = "const css = '.a { --muted: #fff; color: var(--muted) }';";
  assert.deepEqual(findings({ 'src/report/a.ts': css }), []);
});

test('ways round the type checker are refused', () => {
  const text = [
    'const a: any = 1;',
    'const b = (a as unknown) as number;',
    'const c = a as unknown as string;',
    '// @ts-ignore',
    'const d = 1; /* @ts-expect-error: no */',
    'const e = a as unknown;',
    'const f = [a /* @ts-ignore */, b];',
    '// what @ts-ignore means',
  ].join('\n');
  assert.deepEqual(findings({ 'bench/a.ts': text }), [
    'bench/a.ts:1: the type any',
    'bench/a.ts:2: a cast by way of unknown',
    'bench/a.ts:3: a cast by way of unknown',
    'bench/a.ts:4: a comment with @ts-ignore',
    'bench/a.ts:5: a comment with @ts-expect-error',
    'bench/a.ts:7: a comment with @ts-ignore',
  ]);
});

test('reminders are refused in comments alone', () => {
  const text = "/** Does it. FIXME later. */\nconst todo = 'TODO'; // TODO: more\n// todos are fine";
  assert.deepEqual(findings({ 'scripts/a.ts': text }), [
    'scripts/a.ts:1: a comment with FIXME',
    'scripts/a.ts:2: a comment with TODO',
  ]);
});

test('exports of src need a docstring', () => {
  const text = [
    'export const a = 1;',
    '/** Said. */\nexport const b = 1;',
    'export function f(): void {}',
    'export interface I {}',
    '// not a docstring\nexport type T = 1;',
    'export class C {}',
    'const inner = 1;',
    "export * from './x.js';",
  ].join('\n');
  assert.deepEqual(findings({ 'src/graph/a.ts': text, 'test/a.ts': 'export const a = 1;' }), [
    'src/graph/a.ts:1: a lacks a docstring',
    'src/graph/a.ts:4: f lacks a docstring',
    'src/graph/a.ts:5: I lacks a docstring',
    'src/graph/a.ts:7: T lacks a docstring',
    'src/graph/a.ts:8: C lacks a docstring',
  ]);
});

test('long files and functions', () => {
  assert.deepEqual(findings({ 'src/graph/a.ts': lines(250), 'src/graph/b.ts': functionOf(40) }), []);
  assert.deepEqual(findings({ 'src/graph/a.ts': lines(251), 'src/graph/b.ts': functionOf(41) }), [
    'src/graph/a.ts:1: warning: the file has 251 lines, more than 250',
    'src/graph/b.ts:1: warning: f has 41 lines, more than 40',
  ]);
  assert.deepEqual(findings({ 'src/graph/a.ts': lines(301), 'src/graph/b.ts': functionOf(61) }), [
    'src/graph/a.ts:1: the file has 301 lines, more than 300',
    'src/graph/b.ts:1: f has 61 lines, more than 60',
  ]);
  assert.deepEqual(findings({ 'src/formats/onnx/onnx_pb.ts': `${lines(400)}const a: any = 1;` }), []);
});
