/**
 * Compiles wasm/resample.ts by AssemblyScript, which npx fetches, and writes it as a module of TypeScript:
 * `npm run generate:wasm`, after a change of the source.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMPILER = 'assemblyscript@0.28.20';
const OPTIONS = [
  '-O3',
  '--noAssert',
  '--enable',
  'simd',
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
];
const OUTPUT = 'src/data/images/resampleCode.ts';

const folder = mkdtempSync(join(tmpdir(), 'biasloss-wasm-'));
try {
  const file = join(folder, 'resample.wasm');
  const args = ['--yes', '--package', COMPILER, 'asc', 'wasm/resample.ts', ...OPTIONS, '--outFile', file];
  execFileSync('npx', args, { stdio: 'inherit' });
  const lines = readFileSync(file)
    .toString('base64')
    .match(/.{1,96}/g)!;
  const text = lines.map((line) => `  '${line}'`).join(' +\n');
  writeFileSync(
    OUTPUT,
    `/** WebAssembly of wasm/resample.ts in Base64, written by \`npm run generate:wasm\`. */\nexport const RESAMPLE_CODE =\n${text};\n`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
