import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { statsOf } from '../../data/folders/fileKind.js';
import { errorMessage, UserError } from '../../errors.js';
import { bestValue } from '../../report/compare/bestValue.js';
import { settingsOf } from '../../report/runSettings.js';
import { REPORT_FILE } from '../../report/writeReport.js';
import { LOCK_FILE, lockOwner } from '../../runs/folderLock.js';
import { METRICS_FILE, type Metrics, parseMetrics } from '../../runs/metricsFile.js';
import { LAST_CHECKPOINT } from '../../runs/runFolder.js';
import { settingsOfRun } from '../../runs/settings/saved.js';
import { settingsToGive } from '../../runs/settings/settingsToGive.js';
import type { TrainConfig } from '../../runs/trainConfig.js';
import type { EarlyEnd, RunFigures, RunOwner, RunSummary, SettingValues } from '../api.js';
import { findRuns } from './findRuns.js';
import { fileInside } from './insideFolder.js';

/** What the index keeps of a run while its files stay as they are. */
interface KnownRun {
  /** Times and sizes of its files. */
  readonly stamp: string;
  readonly started: number;
  readonly settings: SettingValues | null;
  readonly epochs: number | null;
  readonly earlyEnd?: EarlyEnd | undefined;
  /** Undefined before the first epoch. */
  readonly metrics: Metrics | undefined;
  readonly problem?: string | undefined;
  readonly hasReport: boolean;
}

/** The runs in a folder. Files are read again only when they have changed. */
export class RunIndex {
  private known = new Map<string, KnownRun>();

  /** @param root the folder of runs */
  constructor(readonly root: string) {}

  /** All runs as their files are now, by a column of `metrics.csv`. */
  list(metric: string): RunSummary[] {
    const ids = findRuns(this.root);
    this.known = new Map(ids.map((id) => [id, this.read(id)]));
    return [...this.known].map(([id, run]) => this.summary(id, run, metric));
  }

  /** Reads all files ahead. */
  warm(): void {
    for (const id of findRuns(this.root)) this.known.set(id, this.read(id));
  }

  /** The folder of a run. @throws UserError when there is no such run, whatever the path leads to */
  folderOf(id: string): string {
    if (!this.known.has(id) && !findRuns(this.root).includes(id))
      throw new UserError(`there is no run ${JSON.stringify(id)} in ${this.root}`);
    return join(this.root, id);
  }

  /** The columns of a run's `metrics.csv`; undefined before its first epoch. @throws UserError when it is damaged */
  metricsOf(id: string): Metrics | undefined {
    this.folderOf(id);
    const run = this.read(id);
    this.known.set(id, run);
    if (run.problem !== undefined) throw new UserError(run.problem);
    return run.metrics;
  }

  private read(id: string): KnownRun {
    const folder = join(this.root, id);
    const stats = ['config.json', METRICS_FILE, 'log.jsonl', REPORT_FILE, LAST_CHECKPOINT].map((name) =>
      statsOf(join(folder, name)),
    );
    const stamp = stats.map((stat) => (stat ? `${stat.mtimeMs}/${stat.size}` : '')).join();
    const known = this.known.get(id);
    if (known?.stamp === stamp) return known;
    // The configuration is written once, when a run starts.
    const started = stats[0]?.mtimeMs ?? stats[1]?.mtimeMs ?? 0;
    return { ...readRun(folder), stamp, started, hasReport: stats[3] !== undefined };
  }

  private ownerOf(id: string): RunOwner | undefined {
    const owner = lockOwner(join(this.root, id));
    if (owner === undefined) return undefined;
    const { pid, host } = owner;
    return { pid, lock: `${id}/${LOCK_FILE}`, ...(host !== hostname() && { host }) };
  }

  private summary(id: string, run: KnownRun, metric: string): RunSummary {
    const { settings, started, problem, metrics, hasReport } = run;
    const epochsDone = metrics?.epoch?.length ?? 0;
    const epochs = run.epochs === null ? null : Math.max(run.epochs, epochsDone);
    const isComplete = epochsDone === epochs;
    const ended = run.earlyEnd ? 'ended early' : isComplete ? 'complete' : 'stopped';
    const owner = this.ownerOf(id);
    const status = problem !== undefined ? 'damaged' : owner ? 'running' : ended;
    const early = status === 'ended early' && { earlyEnd: run.earlyEnd };
    const foreign = status === 'running' && { owner };
    const figures = figuresOf(metrics, metric);
    const shown = { id, status, settings, epochsDone, epochs, started, isOwn: false, hasReport } as const;
    return { ...shown, ...figures, ...early, ...foreign, ...(problem !== undefined && { problem }) };
  }
}

/** What is known of a run, even where some of its files are damaged. */
function readRun(folder: string): Pick<KnownRun, 'settings' | 'epochs' | 'earlyEnd' | 'metrics' | 'problem'> {
  const problems: string[] = [];
  const readable = <T>(read: () => T | undefined): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(errorMessage(error));
      return undefined;
    }
  };
  const config = readable(() => configIn(folder));
  const logged = readable(() => lastStartIn(folder));
  return {
    settings: config === undefined ? null : settingsToGive(config),
    epochs: logged?.epochs ?? config?.epochs ?? null,
    earlyEnd: logged?.earlyEnd,
    metrics: readable(() => metricsIn(folder)),
    problem: problems[0],
  };
}

function configIn(folder: string): TrainConfig | undefined {
  const path = fileInside(folder, 'config.json');
  if (path === undefined) return undefined;
  return settingsOfRun(
    settingsOf(folder, (name) => fileInside(folder, name)),
    path,
  );
}

function metricsIn(folder: string): Metrics | undefined {
  const path = fileInside(folder, METRICS_FILE);
  if (path === undefined) return undefined;
  const text = readFileSync(path, 'utf8');
  // The header is written first.
  return text.trim().includes('\n') ? parseMetrics(text, path) : undefined;
}

/** What a run's log says of its last start. */
interface LastStart {
  /** The number of epochs with which the run was started, resumed or changed last. */
  readonly epochs?: number | undefined;
  readonly earlyEnd?: EarlyEnd | undefined;
}

function lastStartIn(folder: string): LastStart {
  const path = fileInside(folder, 'log.jsonl');
  if (path === undefined) return {};
  const log = readFileSync(path, 'utf8');
  const last = log.slice(Math.max(0, log.lastIndexOf('"event":"start"')));
  const lineOf = (event: string): string =>
    last.split('\n').findLast((line) => line.includes(`"event":"${event}"`)) ?? '';
  const length = lineOf('length') || lineOf('start');
  const [, epochs] = /"epochs":(\d+)/.exec(length) ?? [];
  const [, metric, stale] = /"metric":"(\w+)","stale_epochs":(\d+)/.exec(lineOf('early_stop')) ?? [];
  return {
    epochs: epochs === undefined ? undefined : Number(epochs),
    earlyEnd: metric === undefined ? undefined : { metric, staleEpochs: Number(stale) },
  };
}

function figuresOf(metrics: Metrics | undefined, metric: string): RunFigures {
  const values = metrics?.[metric] ?? [];
  const best = bestValue(metric, values);
  const last = values.at(-1);
  return {
    last: last !== undefined && Number.isFinite(last) ? last : null,
    best: best?.value ?? null,
    bestEpoch: best === undefined ? null : metrics!.epoch![best.place]!,
  };
}
