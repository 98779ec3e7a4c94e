import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { onednnMissing } from '../support/onednn.js';
import { launchers, rankProgram, recordsOf, runRanks } from './support.js';

interface Trained {
  readonly rank: number;
  readonly losses: readonly number[];
  readonly top1: readonly number[];
  readonly accuracy: Readonly<Record<string, number>>;
  readonly hash: string;
  readonly values: Readonly<Record<string, readonly number[]>>;
}

const missing = await onednnMissing();

function alone(args: readonly string[]): Trained {
  const { stdout, stderr, status } = spawnSync(process.execPath, [rankProgram('steps'), ...args], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Trained;
}

function assertNear(found: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length, what);
  const scale = Math.max(1, ...expected.map(Math.abs));
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) <= 1e-5 * scale, `${what}[${i}]: ${value}, not ${expected[i]}`);
  });
}

/** Engine, loss and batches of a step. */
const subjects = [
  ['reference', 'global', '1'],
  ['onednn', 'global', '1'],
  ['onednn', 'local', '2'],
  ['onednn', 'ce', '1'],
  ['onnx', 'global', '1'],
  ['onnx', 'local', '2'],
] as const;

for (const { skip, ...launcher } of launchers)
  describe(`training under ${launcher.name}`, { skip: skip ?? false }, () => {
    for (const [engine, loss, accumulate] of subjects) {
      const title = `two ranks train as one: ${engine}, ${loss}, ${accumulate} batches a step`;
      test(title, { skip: engine === 'onednn' && missing }, async () => {
        const args = [engine, loss, accumulate, 'sync'];
        const records = recordsOf<Trained>(await runRanks(launcher, 2, [rankProgram('steps'), ...args]));
        const expected = alone(args);
        assert.equal(records.length, 2);
        assert.equal(records[0]!.hash, records[1]!.hash);
        assert.equal(expected.losses.length, 20 / Number(accumulate));
        for (const { losses, top1, accuracy, values } of records) {
          assertNear(losses, expected.losses, 'loss');
          assert.deepEqual(top1, expected.top1);
          assert.equal(accuracy.images, 20);
          assertNear(Object.values(accuracy), Object.values(expected.accuracy), 'accuracy');
          for (const [name, value] of Object.entries(expected.values)) assertNear(values[name]!, value, name);
        }
      });
    }

    test('ranks with statistics of their own equal each other to the bit', async () => {
      const args = ['reference', 'global', '1', 'own'];
      const [first, second] = recordsOf<Trained>(
        await runRanks(launcher, 2, [rankProgram('steps'), ...args]),
      );
      assert.equal(first!.hash, second!.hash);
      assert.notEqual(first!.hash, alone(args).hash);
    });

    test('three ranks equal each other to the bit after 200 steps', { skip: missing }, async () => {
      const args = ['onednn', 'global', '1', 'own', '10'];
      const ranks = recordsOf<Trained>(await runRanks(launcher, 3, [rankProgram('steps'), ...args]));
      assert.equal(ranks[0]!.losses.length, 200);
      for (const { hash, losses } of ranks) {
        assert.equal(hash, ranks[0]!.hash);
        assert.deepEqual(losses, ranks[0]!.losses);
      }
    });
  });

for (const { skip, ...launcher } of launchers)
  describe(`biasloss train under ${launcher.name}`, { skip: skip ?? missing }, () => {
    test('train writes one run, and resumes it to the same bits; a failing rank ends all', async (t) => {
      const cwd = mkdtempSync(join(tmpdir(), 'biasloss-mpi-'));
      t.after(() => rmSync(cwd, { recursive: true, force: true }));
      const cli = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
      const data = ['--data', 'synthetic', '--ratio', '0.5', '--limit-train', '32', '--limit-test', '20'];
      const settings = [...data, '--batch-size', '16', '--engine', 'onednn', '--base-lr', '0.01'];
      const train = (...args: string[]) =>
        runRanks(launcher, 2, [cli, 'train', '--no-report', ...args], { cwd });
      const whole = await train(...settings, '--epochs', '2', '--run-dir', 'whole');
      assert.equal(whole.code, 0, whole.stderr);
      assert.equal(whole.stdout.match(/run folder: whole/g)?.length, 1);
      const half = await train(...settings, '--epochs', '1', '--run-dir', 'half');
      assert.equal(half.code, 0, half.stderr);
      const rest = await train('--resume', 'half', '--epochs', '2');
      assert.equal(rest.code, 0, rest.stderr);
      const weights = (run: string): Buffer => {
        const file = readFileSync(join(cwd, run, 'last.safetensors'));
        return file.subarray(8 + Number(file.readBigUInt64LE(0)));
      };
      assert.ok(weights('half').equals(weights('whole')));
      const alone = await runRanks(
        launcher,
        1,
        [cli, 'train', '--no-report', '--resume', 'half', '--epochs', '3'],
        { cwd },
      );
      assert.equal(alone.code, 0, alone.stderr);
      assert.match(alone.stdout, /resuming after 2 epochs/);
      const odd = await train(...settings, '--batch-size', '15', '--run-dir', 'odd');
      assert.equal(odd.code, 2);
      assert.match(
        odd.stderr,
        /rank [01] of 2: --batch-size must be a multiple of the 2 ranks, which share a batch, not 15/,
      );
    });
  });
