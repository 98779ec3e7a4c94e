import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UsageError, UserError } from '../errors.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { METRICS_FILE } from '../runs/metricsFile.js';
import type { Settings } from './sweepFile.js';
import type { SweepRun } from './trials.js';

/** How a run of a sweep is: `done` has all of its epochs, `dropped` was ended early as one of the worse, `failed` says why. */
export type RunState = 'open' | 'done' | 'dropped' | 'failed';

/** A run as the sweep's file has it. */
interface RunEntry {
  readonly settings: Settings;
  /** null for none; absent, and thus unknown, in files of older versions. */
  readonly recipe?: string | null;
  readonly state: RunState;
  /** Why it failed. */
  readonly problem?: string | undefined;
}

const FILE = 'sweep.json';

/** Which runs of a sweep are done: `sweep.json` in its folder, written after each run. */
export class SweepState {
  private readonly path: string;
  private readonly runs: Map<string, RunEntry>;
  /** The last write, which the next one waits for: runs may end at the same time. */
  private written: Promise<void> = Promise.resolve();

  /** @throws UserError when the file is there and damaged */
  constructor(private readonly folder: string) {
    this.path = join(folder, FILE);
    this.runs = new Map(Object.entries(readRuns(this.path)));
  }

  /**
   * Adds runs that are not known yet. One that has ended and whose metrics are gone is open again.
   *
   * @throws UsageError when one is known with other settings, or another recipe
   */
  async add(runs: readonly SweepRun[]): Promise<void> {
    for (const { name, settings, recipe = null } of runs) {
      const known = this.runs.get(name);
      if (known === undefined) this.runs.set(name, { settings, recipe, state: 'open' });
      else {
        if (known.recipe !== undefined)
          this.expectSame(name, { recipe: known.recipe ?? undefined }, { recipe: recipe ?? undefined });
        this.expectSame(name, known.settings, settings);
        if (this.isLost(name)) this.runs.set(name, { ...known, state: 'open' });
      }
    }
    await this.write();
  }

  /** How a run is. */
  stateOf(name: string): RunState {
    return this.runs.get(name)?.state ?? 'open';
  }

  /** Records how a run ended. */
  async set(name: string, state: RunState, problem?: string): Promise<void> {
    const { problem: _, ...known } = this.runs.get(name)!;
    this.runs.set(name, { ...known, state, ...(problem !== undefined && { problem }) });
    await this.write();
  }

  private isLost(name: string): boolean {
    const hasEnded = ['done', 'dropped'].includes(this.stateOf(name));
    return hasEnded && !existsSync(join(this.folder, name, METRICS_FILE));
  }

  private expectSame(name: string, known: Settings, settings: Settings): void {
    const keys = new Set([...Object.keys(known), ...Object.keys(settings)]);
    for (const key of keys) {
      const [old, now] = [known[key], settings[key]].map((value) => JSON.stringify(value) ?? 'unset');
      if (old !== now)
        throw new UsageError(
          `the run ${name} of ${this.path} has ${key} ${old}, now ${now}: choose another folder for the changed sweep`,
        );
    }
  }

  private write(): Promise<void> {
    const write = async (): Promise<void> => {
      const text = JSON.stringify({ version: 1, runs: Object.fromEntries(this.runs) }, undefined, 2);
      await writeFileAtomically(this.path, [new TextEncoder().encode(`${text}\n`)]);
    };
    const written = this.written.then(write);
    this.written = written.catch(() => undefined);
    return written;
  }
}

function readRuns(path: string): Record<string, RunEntry> {
  if (!existsSync(path)) return {};
  try {
    const { runs } = JSON.parse(readFileSync(path, 'utf8')) as { runs?: Record<string, RunEntry> };
    if (typeof runs !== 'object' || runs === null) throw new Error('it has no runs');
    return runs;
  } catch (error) {
    throw new UserError(`${path} cannot be read as the state of a sweep: ${errorMessage(error)}`);
  }
}
