import { createInterface } from 'node:readline';
import { inProcess, type RunHost, type StartHost } from './runHost.js';
import type { RunProgress } from './runProgress.js';

/** How trainings are started: arguments of Node.js for a process that prints JSON records. */
export interface TrainCommands {
  /**
   * @param settings path of a JSON file with the run's settings
   * @param recipe whose settings apply where the file has none
   */
  readonly start: (settings: string, folder: string, recipe?: string) => readonly string[];
  /** @param epochs in all; undefined: as it was started */
  readonly resume: (folder: string, epochs: number | undefined) => readonly string[];
}

/** A record that a training prints. */
export type LogRecord = Readonly<Record<string, unknown>>;

const STARTING: RunProgress = {
  phase: 'starting',
  epoch: 0,
  done: 0,
  loss: null,
  top1: null,
  imagesPerSecond: null,
};

/** How a run ends that is asked to stop: saved, or by the signal before there is anything to save. */
const STOPPED = ['exit code 130', 'SIGINT'];

/** A training in a process or thread of its own: what it says of its progress, and how it ends. */
export class RunProcess {
  private current: RunProgress = STARTING;
  private steps = 1;
  private failure: string | undefined;
  private readonly host: RunHost;
  /** Resolves when it has ended: why it failed, in a sentence, or undefined if it did not. */
  readonly ended: Promise<string | undefined>;

  /**
   * @param args of Node.js
   * @param onRecord called with each record that the training prints
   * @param start where it runs
   */
  constructor(
    args: readonly string[],
    private readonly onRecord: (record: LogRecord) => void = () => undefined,
    start: StartHost = inProcess,
  ) {
    this.host = start(args);
    this.ended = this.untilEnd();
  }

  /** How far it is. */
  get progress(): RunProgress {
    return this.current;
  }

  /** Ends the run after the current step, with its state saved. Once is enough: a second signal would end it at once, unsaved. */
  stop(): void {
    if (this.current.phase === 'stopping') return;
    this.current = { ...this.current, phase: 'stopping' };
    this.host.interrupt();
  }

  private add(line: string): void {
    const record = recordOf(line);
    if (record === undefined) return;
    this.onRecord(record);
    if (record.event === 'error') this.failure = String(record.message);
    if (record.event === 'start') this.steps = Math.max(1, numberOf(record.steps_per_epoch) ?? 1);
    if (this.current.phase === 'stopping') return;
    if (record.event === 'progress') this.current = progressOf(record, this.steps);
    if (record.event === 'result') this.current = { ...this.current, phase: 'report', done: 0 };
  }

  private async untilEnd(): Promise<string | undefined> {
    const read = this.host.output.map(
      (input) =>
        new Promise<void>((resolve) => {
          createInterface({ input })
            .on('line', (line) => this.add(line))
            .on('close', resolve);
        }),
    );
    const how = await this.host.ended;
    await Promise.all(read);
    if (how === undefined || (this.current.phase === 'stopping' && STOPPED.includes(how))) return undefined;
    return this.failure ?? `the run ended with ${how}`;
  }
}

function recordOf(line: string): LogRecord | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? { ...record } : undefined;
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function progressOf(record: LogRecord, steps: number): RunProgress {
  const epoch = numberOf(record.epoch) ?? 0;
  const none = { loss: null, top1: null, imagesPerSecond: null };
  if (record.phase === 'test') {
    const [images = 0, of = 1] = [numberOf(record.images), numberOf(record.of_images)];
    return { phase: 'test', epoch, done: images / Math.max(1, of), ...none };
  }
  return {
    phase: 'train',
    epoch,
    done: (numberOf(record.step) ?? 0) / steps,
    loss: numberOf(record.train_loss) ?? null,
    top1: numberOf(record.train_top1) ?? null,
    imagesPerSecond: numberOf(record.images_per_second) ?? null,
  };
}
