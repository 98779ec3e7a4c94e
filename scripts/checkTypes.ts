/**
 * Packs this package and compiles a program that uses it, without `skipLibCheck`, with the oldest and the newest supported
 * TypeScript: `node dist/scripts/checkTypes.js [VERSION...]`. The compilers come from the npm registry; where that cannot be
 * reached the check says so and is skipped.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** As docs/install.md says. */
const VERSIONS = ['5.7', '6.0', '7.0'];

/** How programs find modules: Node.js' way, and a bundler's. */
const MODES = [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const;

const PROGRAM = `
  import { createEngine, createModel, crossEntropyLoss, Learner, loadClassifier, sgd } from 'biasloss';
  import { createWebEngine } from 'biasloss/browser';
  import { type ModelLabels, rankClasses } from 'biasloss/prepare';

  export async function lossOf(images: Float32Array, labels: Int32Array): Promise<number> {
    const engine = await createEngine('onnx', { threads: 1 });
    const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 2, imageSize: 32 });
    const parts = { engine, model, loss: crossEntropyLoss(), optimizer: sgd(), batchSize: 2 };
    const learner = await Learner.create(parts);
    // @ts-expect-error: types are there, and refuse what is wrong.
    await learner.step({ images, labels }, { learningRate: 'high', step: 0 });
    return (await learner.step({ images, labels }, { learningRate: 0.1, step: 0 })).loss;
  }
  export const best = (logits: Float32Array, labels: ModelLabels): string => rankClasses(logits, labels)[0]!.name;
  export const others = [createWebEngine, loadClassifier];
`;

/** Types that a program's configuration makes known: Node.js', or none, as TypeScript 6 does unless told otherwise. */
const KNOWN = [['node'], []] as const;

/** Runs npm; its standard output, or undefined if it fails. */
function npm(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('npm', args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return status === 0 ? stdout : undefined;
}

/** A project in which the packed package is installed, with its dependencies and Node.js' types, and without ours for development. */
function makeProject(folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'biasloss'), { recursive: true });
  const packed = npm('pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  if (packed === undefined) throw new Error('npm pack failed');
  const archive = join(folder, packed.trim());
  execFileSync('tar', ['-xzf', archive, '-C', join(modules, 'biasloss'), '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
}

/** Compiles the program with a compiler in each mode; what it complains of. */
function errorsOf(compiler: string, folder: string): string[] {
  const cases = MODES.flatMap((mode) => KNOWN.map((types) => [...mode, types] as const));
  return cases.flatMap(([module, moduleResolution, types]) => {
    const language = { lib: ['es2022', 'dom'], target: 'es2022', strict: true, noEmit: true };
    const compilerOptions = { ...language, module, moduleResolution, types };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', '.'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const name = `${moduleResolution}, types [${types.join()}]`;
    return status === 0 ? [] : [`${name}: ${stdout.trim() || 'the compiler failed'}`];
  });
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS;
const folder = mkdtempSync(join(tmpdir(), 'biasloss-types-'));
try {
  makeProject(folder);
  for (const version of versions) {
    const prefix = join(folder, `typescript-${version}`);
    if (
      npm('install', '--silent', '--no-save', '--prefix', prefix, `typescript@~${version}.0`) === undefined
    ) {
      console.log(`TypeScript ${version}: skipped, it could not be installed`);
      continue;
    }
    const errors = errorsOf(join(prefix, 'node_modules/typescript/bin/tsc'), folder);
    for (const error of errors) console.log(error);
    console.log(`TypeScript ${version}: ${errors.length === 0 ? 'compiles' : 'errors'}`);
    if (errors.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
