import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Launched, LaunchUnderTest } from './launched.js';
import type { Launcher } from './support.js';

/** A training of some seconds, which saves after each step. */
export const TRAINING = [
  'train',
  '--data=synthetic',
  '--ratio=0.5',
  '--batch-size=16',
  '--limit-train=64',
  '--limit-test=32',
  '--base-lr=0.01',
  '--checkpoint-seconds=0',
  '--no-report',
] as const;

/** What a training with kills came to. */
export interface KillResult extends Launched {
  /** Ranks that were killed, in order. */
  readonly killed: readonly number[];
  /** Ranks that still ran when the launch had ended. */
  readonly survivors: number;
}

/**
 * Trains on ranks, of which random ones are killed at random times.
 *
 * @param random numbers in [0, 1)
 */
export async function trainWithKills(
  launcher: Pick<Launcher, 'command'>,
  cwd: string,
  run: string,
  { ranks, epochs, kills, random }: { ranks: number; epochs: number; kills: number; random: () => number },
): Promise<KillResult> {
  const args = [
    `-n${ranks}`,
    `--max-restarts=${kills}`,
    '--',
    ...TRAINING,
    `--epochs=${epochs}`,
    `--run-dir=${run}`,
  ];
  const launch = new LaunchUnderTest(launcher, args, cwd);
  const killed: number[] = [];
  for (let i = 0; i < kills; i++) {
    const started = Date.now();
    await launch.until(() => launch.ranks().size === ranks);
    // Mostly in steps and while it saves, sometimes as it starts.
    if (random() < 0.75) await launch.until(() => savedAt(join(cwd, run)) > started);
    await sleep(1000 * random());
    const rank = Math.floor(ranks * random());
    const pid = launch.ranks().get(rank);
    if (pid === undefined) break;
    process.kill(pid, 'SIGKILL');
    killed.push(rank);
    // The others are ended before ranks are started again.
    await launch.until(() => ![...launch.ranks().values()].includes(pid));
    await launch.until(() => launch.ranks().size === 0);
  }
  const ended = await launch.ended;
  return { ...ended, killed, survivors: launch.ranks().size };
}

/** When a run's last checkpoint was written; 0 before that. */
function savedAt(folder: string): number {
  return statSync(join(folder, 'last.safetensors'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The tensors of a run's last checkpoint, byte by byte. */
export function weightsOf(folder: string): Buffer {
  const path = join(folder, 'last.safetensors');
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = readFileSync(path);
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}
