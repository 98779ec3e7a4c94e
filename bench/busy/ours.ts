import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { threadsText } from '../../src/runs/threads/threadsText.js';
import type { BenchmarkModel } from '../models.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Seconds after the first step, and after another load has begun, that don't count: the threads are chosen in them. */
const SETTLING = 20;

/** Runs of `biasloss train` have so many images in an epoch, and as few as possible to test. */
const IMAGES = 32_768;

/** `biasloss train` on generated images, in a process of its own. */
export class OwnTraining {
  private readonly folder = mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
  private readonly child: ChildProcess;
  private readonly started: Promise<void>;
  /** Images that are done, and the time in seconds. */
  private last = { images: 0, seconds: 0 };
  /** Of the present number of threads. */
  threads = '';

  /** @param threads a number, or `auto` */
  constructor(
    private readonly model: BenchmarkModel,
    options: { readonly threads: string; readonly engine: string },
  ) {
    const { model: name, classes: _, image_size: __, ...sizes } = model.workload;
    const flags = {
      ...{ model: name, ...sizes, data: 'synthetic', engine: options.engine, threads: options.threads },
      ...{ batchSize: model.batch, epochs: 1000, limitTrain: IMAGES, limitTest: 1 },
    };
    const args = Object.entries(flags).map(
      ([key, value]) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${value}`,
    );
    const fixed = ['--no-report', '--log-format=json', `--run-dir=${join(this.folder, 'run')}`];
    this.child = spawn(process.execPath, [main, 'train', ...args, ...fixed], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.started = this.listen();
  }

  /** Images a second, over some seconds after the threads have settled. */
  async rate(seconds: number): Promise<number> {
    await this.started;
    await delay(1000 * SETTLING);
    const before = this.last;
    await delay(1000 * seconds);
    return (this.last.images - before.images) / (this.last.seconds - before.seconds);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.on('close', resolve));
    if (this.child.exitCode === null) {
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }

  /** Takes the records of the run; resolves with its first step. @throws Error with what it says, if it ends */
  private listen(): Promise<void> {
    let text = '';
    this.child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    return new Promise((resolve, reject) => {
      this.child.on('close', () => reject(new Error(`biasloss train has ended: ${text.trim()}`)));
      createInterface({ input: this.child.stdout! }).on('line', (line) => {
        const record: Readonly<Record<string, unknown>> = JSON.parse(line);
        if (record.event === 'start') this.threads = /\d+ threads?/.exec(String(record.engine))?.[0] ?? '';
        if (record.event === 'threads') this.threads = threadsText(Number(record.threads));
        if (record.event !== 'progress' || record.phase !== 'train') return;
        const epochs = Number(record.epoch) - 1;
        const images = epochs * IMAGES + Number(record.step) * this.model.batch;
        this.last = { images, seconds: performance.now() / 1000 };
        resolve();
      });
    });
  }
}
