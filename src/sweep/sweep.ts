import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError, WriteError } from '../errors.js';
import { makeFolder } from '../makeFolder.js';
import { type FolderLock, lockFolder } from '../runs/folderLock.js';
import { readMetrics } from '../runs/metricsFile.js';
import { inProcess, inThread } from '../runs/process/runHost.js';
import { type LogRecord, RunProcess, type TrainCommands } from '../runs/process/runProcess.js';
import type { RunProgress } from '../runs/process/runProgress.js';
import { isBelowMedian } from './medianRule.js';
import type { PlannedRun } from './plan.js';
import { type RunState, SweepState } from './sweepState.js';

/** What a sweep does, as it does it. */
export type SweepEvent =
  | { readonly kind: 'start'; readonly run: PlannedRun; readonly isResumed: boolean }
  | {
      readonly kind: 'end';
      readonly run: PlannedRun;
      readonly state: RunState;
      readonly problem: string | undefined;
    };

/** Options of a sweep. */
export interface SweepOptions {
  /** Folder of the runs, each in a folder of its own name. */
  readonly folder: string;
  readonly runs: readonly PlannedRun[];
  readonly recipe?: string | undefined;
  /** Runs at a time. */
  readonly parallel: number;
  /** Threads of a new run whose settings don't say. */
  readonly threads: number;
  /** Whether runs are ended early that are below the median; see {@link isBelowMedian}. */
  readonly dropsLosers: boolean;
  readonly train: TrainCommands;
  readonly onEvent: (event: SweepEvent) => void;
}

/** The column that losers are found by. */
const METRIC = 'test_top1';
/** Folder of the settings of the runs, beside them. */
const SETTINGS = 'settings';

/** Hardware queues of a card, which the streams of all trainings share: the most that there are, so that few wait for each other. */
const CONNECTIONS = 'CUDA_DEVICE_MAX_CONNECTIONS';

/**
 * Trains the runs of a sweep, several at a time: in processes of their own, or on an NVIDIA GPU in threads of this one, where they
 * compute at the same time.
 */
export class Sweep {
  private readonly state: SweepState;
  private readonly running = new Map<string, RunProcess>();
  private readonly waiting: PlannedRun[];
  private isStopped = false;
  /** Whether a run on a card has made an epoch: what is measured and compiled once is, and others may start. */
  private readonly firstEpoch = new Signal();

  private constructor(
    private readonly options: SweepOptions,
    private readonly lock: FolderLock,
  ) {
    this.state = new SweepState(options.folder);
    this.waiting = seedBySeed(options.runs);
  }

  /**
   * Opens the folder of a sweep, which is locked until {@link close}; runs that it has are resumed.
   *
   * @throws UsageError when it has a run with other settings
   * @throws UserError when another sweep uses it, or its state is damaged
   */
  static async open(options: SweepOptions): Promise<Sweep> {
    makeFolder(options.folder);
    // Before anything is written: another sweep may be using it.
    const lock = lockFolder(options.folder);
    try {
      const sweep = new Sweep(options, lock);
      await sweep.state.add(options.runs);
      return sweep;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Share of the runs that has ended, with that of the epochs of those that run. */
  get progress(): { readonly ended: number; readonly running: readonly (readonly [string, RunProgress])[] } {
    const ended = this.options.runs.filter(({ name }) => this.stateOf(name) !== 'open').length;
    return { ended, running: [...this.running].map(([name, run]) => [name, run.progress] as const) };
  }

  /** How a run is. */
  stateOf(name: string): RunState {
    return this.state.stateOf(name);
  }

  /** Whether a run has made an epoch. */
  hasEpochs(name: string): boolean {
    return this.accuraciesOf(name).length > 0;
  }

  /**
   * Trains what is left, until all is done or {@link stop} is called. Whatever it throws, no run is left that trains on.
   *
   * @throws WriteError when a file of the sweep cannot be written; the runs are stopped, with their states saved
   */
  async train(): Promise<void> {
    if (this.options.runs.some(isOnCard)) process.env[CONNECTIONS] ??= '32';
    const lanes = Array.from({ length: this.options.parallel }, (_, i) => this.laneOrStop(i === 0));
    await Promise.allSettled(lanes);
    await Promise.all(lanes);
  }

  private async laneOrStop(isFirst: boolean): Promise<void> {
    try {
      await this.lane(isFirst);
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      this.firstEpoch.give();
    }
  }

  /** Ends all runs after their current steps, with their states saved. */
  stop(): void {
    this.isStopped = true;
    for (const run of this.running.values()) run.stop();
  }

  /** Releases the folder. */
  close(): void {
    this.lock.release();
  }

  private async lane(isFirst: boolean): Promise<void> {
    // Algorithms that are measured while others train would be measured badly.
    if (!isFirst && this.options.runs.some(isOnCard)) await this.firstEpoch.given;
    for (let run = this.waiting.shift(); run && !this.isStopped; run = this.waiting.shift())
      if (['open', 'failed'].includes(this.stateOf(run.name))) await this.one(run);
  }

  private async one(run: PlannedRun): Promise<void> {
    const { folder, train, recipe, threads, onEvent } = this.options;
    const path = join(folder, run.name);
    const isResumed = existsSync(join(path, 'config.json'));
    const settings = writeSettings(folder, run.name, { threads, ...run.settings });
    const args = isResumed ? train.resume(path, undefined) : train.start(settings, path, recipe);
    const values = isResumed ? this.accuraciesOf(run.name) : [];
    let dropped = false;
    const onRecord = ({ event, [METRIC]: value }: LogRecord): void => {
      if (event !== 'epoch' || typeof value !== 'number') return;
      this.firstEpoch.give();
      values.push(value);
      if (dropped || this.isStopped || !this.isLoser(run, values)) return;
      dropped = true;
      child.stop();
    };
    const child = new RunProcess(args, onRecord, isOnCard(run) ? inThread : inProcess);
    this.running.set(run.name, child);
    onEvent({ kind: 'start', run, isResumed });
    const problem = await child.ended;
    this.running.delete(run.name);
    this.firstEpoch.give();
    // One that was stopped is resumed by the next sweep of the folder.
    if (this.isStopped && problem === undefined) return;
    const state = problem !== undefined ? 'failed' : dropped ? 'dropped' : 'done';
    this.lock.expectHeld();
    await this.state.set(run.name, state, problem);
    onEvent({ kind: 'end', run, state, problem });
  }

  private isLoser({ epochs }: PlannedRun, values: readonly number[]): boolean {
    if (!this.options.dropsLosers || values.length >= epochs) return false;
    const complete = this.options.runs.filter(({ name }) => this.stateOf(name) === 'done');
    return isBelowMedian(
      values,
      complete.map(({ name }) => this.accuraciesOf(name)),
      epochs,
    );
  }

  /** After each epoch of a run; none where it was stopped within the first. */
  private accuraciesOf(name: string): number[] {
    try {
      return [...(readMetrics(join(this.options.folder, name))[METRIC] ?? [])];
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  }
}

/** Writes a run's settings beside the runs, and returns the file's path. @throws WriteError naming it */
function writeSettings(folder: string, name: string, settings: PlannedRun['settings']): string {
  const path = join(folder, SETTINGS, `${name}.json`);
  try {
    makeFolder(join(folder, SETTINGS));
    writeFileSync(path, `${JSON.stringify(settings, undefined, 2)}\n`);
  } catch (error) {
    throw new WriteError(path, error);
  }
  return path;
}

/** Runs with the first seed of all combinations before those with the second: what there is can be compared soon. */
function seedBySeed(runs: readonly PlannedRun[]): PlannedRun[] {
  const seeds = [...new Set(runs.map(({ settings }) => settings.seed))];
  return seeds.flatMap((seed) => runs.filter(({ settings }) => settings.seed === seed));
}

/** Whether a run trains on an NVIDIA GPU. */
function isOnCard({ settings }: PlannedRun): boolean {
  return settings.engine === 'cuda';
}

/** Something that happens once, and that others wait for. */
class Signal {
  give: () => void = () => undefined;
  readonly given = new Promise<void>((resolve) => {
    this.give = resolve;
  });
}
