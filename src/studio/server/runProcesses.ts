import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError, UserError } from '../../errors.js';
import { newConfig, runName } from '../../runs/openRun.js';
import { RunProcess, type TrainCommands } from '../../runs/process/runProcess.js';
import { checkTrainSettings } from '../../runs/settings/checkSettings.js';
import type { ResumeRequest, RunFailure, RunProgress, StartRequest } from '../api.js';

/** What a run's folder may be called: no path, nothing hidden, nothing that a file system refuses. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.+ -]{0,99}$/u;

/** The processes of the runs that the studio has started. */
export class RunProcesses {
  private readonly running = new Map<string, RunProcess>();
  private readonly failures: RunFailure[] = [];
  /** Tells this start of the studio from others. */
  private readonly session = randomUUID();

  /** @param root the folder of runs */
  constructor(
    private readonly root: string,
    private readonly train: TrainCommands,
  ) {}

  /**
   * Starts a run in a new folder.
   *
   * @returns its id
   * @throws SettingError when the settings are wrong or contradict one another
   * @throws UsageError when the name cannot be used
   */
  start({ settings, name }: StartRequest): string {
    const given = checkTrainSettings(settings);
    const config = newConfig(given, {});
    const id = name === undefined ? this.freeName(runName(config)) : this.checkedName(name);
    const folder = mkdtempSync(join(tmpdir(), 'biasloss-studio-'));
    const file = join(folder, 'settings.json');
    writeFileSync(file, JSON.stringify(given));
    this.add(id, this.train.start(file, join(this.root, id)), () =>
      rmSync(folder, { recursive: true, force: true }),
    );
    return id;
  }

  /**
   * Resumes a run.
   *
   * @throws UserError when it is running already
   * @throws SettingError when the number of epochs is wrong
   */
  resume(id: string, { epochs }: ResumeRequest): void {
    if (this.running.has(id)) throw new UserError(`the run ${id} is running already`);
    if (epochs !== undefined) checkTrainSettings({ epochs });
    this.add(id, this.train.resume(join(this.root, id), epochs));
  }

  /** Stops a run after its current step, with its state saved. @throws UserError when the studio did not start it */
  stop(id: string): void {
    const found = this.running.get(id);
    if (!found)
      throw new UserError(`the studio has not started the process of ${id}: stop it where it was started`);
    found.stop();
  }

  /** How far a run of the studio's is; undefined for others. */
  progressOf(id: string): RunProgress | undefined {
    return this.running.get(id)?.progress;
  }

  /** Ids of the runs whose processes are there. */
  get ids(): string[] {
    return [...this.running.keys()];
  }

  /**
   * Runs that failed, the oldest first, without the first ones.
   *
   * @param told how many failures are known already
   */
  failuresSince(told: number): { readonly failures: readonly RunFailure[]; readonly count: number } {
    return { failures: this.failures.slice(told), count: this.failures.length };
  }

  /** Stops all runs and waits until they have saved their state. @returns their ids */
  async close(): Promise<string[]> {
    const all = [...this.running];
    for (const [, run] of all) run.stop();
    await Promise.all(all.map(([, { ended }]) => ended));
    return all.map(([id]) => id);
  }

  private add(id: string, args: readonly string[], onEnd?: () => void): void {
    const run = new RunProcess(args);
    this.running.set(id, run);
    void run.ended.then((message) => {
      this.running.delete(id);
      if (message !== undefined) this.fail(id, message);
      onEnd?.();
    });
  }

  private fail(id: string, message: string): void {
    this.failures.push({ key: `${this.session}/${this.failures.length}`, id, message });
  }

  private checkedName(name: string): string {
    if (!NAME.test(name) || name.endsWith('.') || name.endsWith(' '))
      throw new UsageError(
        `the name must be letters, digits, spaces and _ . + -, not ${JSON.stringify(name)}`,
      );
    if (this.isTaken(name))
      throw new UsageError(`${join(this.root, name)} exists already: give another name`);
    return name;
  }

  private freeName(name: string): string {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if (!this.isTaken(candidate)) return candidate;
    }
  }

  private isTaken(name: string): boolean {
    return this.running.has(name) || existsSync(join(this.root, name));
  }
}
