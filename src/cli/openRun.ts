import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { families } from '../models/registry.js';
import { type Checkpoint, readCheckpoint } from '../runs/checkpoint.js';
import { LAST_CHECKPOINT, RunFolder } from '../runs/runFolder.js';
import { checkTrainSettings, TRAIN_DEFAULTS, type TrainConfig } from '../runs/trainConfig.js';
import { checkConfig } from '../runs/trainingRun.js';

/** Which run is to be begun or gone on with. */
export interface RunRequest {
  /** Settings that were given. */
  readonly settings: Partial<TrainConfig>;
  /** Folder of a new run; default: named after model, loss and time, in runs/. */
  readonly runDir?: string | undefined;
  /** Folder of the run to go on with, or its name in runs/. */
  readonly resume?: string | undefined;
}

/** A run's settings and its locked folder. */
export interface OpenRun {
  readonly config: TrainConfig;
  readonly folder: RunFolder;
  /** Where the run goes on; absent where it begins. */
  readonly checkpoint?: Checkpoint;
}

/** Folder of runs that are not given another place. */
const RUNS = 'runs';

/** Settings that may change when a run goes on. */
const CHANGEABLE: ReadonlySet<string> = new Set<keyof TrainConfig>([
  'epochs',
  'dataPath',
  'download',
  'threads',
  'engine',
  'workers',
  'checkpointSeconds',
  'saveEvery',
  'accuraciesDir',
]);

/**
 * Opens the folder of a new run, or of one to go on with.
 *
 * @throws UserError when the folder is in use, unfit or holds a run already, or its checkpoint is damaged
 * @throws UsageError when settings contradict one another, or the run that is to go on
 */
export async function openRun(request: RunRequest): Promise<OpenRun> {
  if (request.resume === undefined) {
    const config = withAbsolutePaths({ ...TRAIN_DEFAULTS, ...request.settings });
    checkConfig(config);
    return { config, folder: await RunFolder.create(request.runDir ?? join(RUNS, runName(config)), config) };
  }
  if (request.runDir !== undefined)
    throw new UsageError('--run-dir names the folder of a new run: with --resume it has no meaning');
  const folder = await RunFolder.open(
    existsSync(request.resume) ? request.resume : join(RUNS, request.resume),
  );
  try {
    return { ...resumed(folder, request.settings), folder };
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** Settings and checkpoint of a run that goes on; one that was killed before its first checkpoint begins again. */
function resumed(
  folder: RunFolder,
  settings: Partial<TrainConfig>,
): { config: TrainConfig; checkpoint?: Checkpoint } {
  if (!folder.hasCheckpoint()) return { config: merged(folder.readConfig(), settings, folder.path) };
  const checkpoint = readCheckpoint(folder.file(LAST_CHECKPOINT));
  return { config: merged(checkpoint.training?.config ?? {}, settings, checkpoint.path), checkpoint };
}

/** The run's own settings with those that may change; another value of the rest is refused. */
function merged(saved: unknown, given: Partial<TrainConfig>, source: string): TrainConfig {
  const own = { ...TRAIN_DEFAULTS, ...checkTrainSettings(saved, source) };
  const settings = withAbsolutePaths(given);
  for (const [key, value] of Object.entries(settings)) {
    const found = own[key as keyof TrainConfig];
    if (!CHANGEABLE.has(key) && JSON.stringify(found) !== JSON.stringify(value)) {
      throw new UsageError(
        `the run in ${source} has ${key} ${JSON.stringify(found)}, and cannot go on with ${JSON.stringify(value)}`,
      );
    }
  }
  const config = { ...own, ...settings };
  checkConfig(config);
  return config;
}

/** Paths that hold in any working folder. */
function withAbsolutePaths<C extends Partial<TrainConfig>>(config: C): C {
  const absolute = (path: string | null | undefined): string | null | undefined =>
    typeof path === 'string' ? resolve(path) : path;
  const paths = Object.entries(config).map(([key, value]) =>
    key === 'dataPath' || key === 'pretrained' || key === 'accuraciesDir'
      ? [key, absolute(value as string | null)]
      : [key, value],
  );
  return Object.fromEntries(paths) as C;
}

function runName(config: TrainConfig): string {
  const { model, data, loss } = config;
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
  return `${families.labelOf(model, config)}-${data}-${loss}-${time}`;
}
