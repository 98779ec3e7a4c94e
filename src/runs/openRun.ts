import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { launchedRanks } from '../distributed/launcher.js';
import { SettingError, type SettingText } from '../errors.js';
import { families } from '../models/registry.js';
import type { Checkpoint } from '../train/learnerState.js';
import { checkConfig } from './checkConfig.js';
import { readCheckpoint } from './checkpoint.js';
import { configNotices } from './configNotices.js';
import { fetchPretrained } from './pretrainedModel.js';
import { partOf } from './rankShare.js';
import { withinMemory } from './recipeCache.js';
import { type Resumption, resumedConfig } from './resumedConfig.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import { LAST_CHECKPOINT, RunFolder } from './runFolder.js';
import { checkTrainSettings } from './settings/checkSettings.js';
import { checkEffects } from './settings/effects.js';
import { optimizerDefaults } from './settings/optimizer.js';
import { withAbsolutePaths, withDataFolder } from './settings/paths.js';
import { besideGiven, recipeSettings } from './settings/recipes.js';
import { TRAIN_DEFAULTS } from './settings/table.js';
import type { TrainConfig } from './trainConfig.js';

/** Which run to start or resume. */
export interface RunRequest {
  /** The given settings, without defaults; paths are relative to the working directory. */
  readonly settings: Partial<TrainConfig>;
  /** Named settings, which the others override. */
  readonly recipe?: string | undefined;
  /** Folder of a new run; default: named after model, data, loss and time, in runs/. */
  readonly runDir?: string | undefined;
  /** Folder of the run to resume, or its name in runs/. */
  readonly resume?: string | undefined;
}

/** A run's settings and its locked folder. */
export interface OpenRun {
  readonly config: TrainConfig;
  /** Closed by the caller who opened the run. */
  readonly folder: RunFolder;
  /** Where the run resumes; absent for a new run. */
  readonly checkpoint?: Checkpoint;
}

/** Folder of runs without a given place. */
export const RUNS = 'runs';

/**
 * Opens the folder of a new run, or of one to resume.
 *
 * @param onEvent called with what a resume changes, with what `configNotices` says of a new run, and while pretrained weights
 *   are fetched
 * @throws UserError when pretrained weights cannot be had, or the folder is in use, not usable or already has a run, or its checkpoint is damaged
 * @throws SettingError when settings are wrong, contradict one another, have no effect, or contradict the run to resume
 */
export async function openRun(request: RunRequest, onEvent?: RunListener): Promise<OpenRun> {
  if (request.resume !== undefined) return resume(request.resume, request, onEvent);
  const config = await newRunConfig(request, onEvent);
  if (launchedRanks().rank > 0)
    return { config: asFollower(config), folder: RunFolder.following(request.runDir ?? RUNS) };
  const folder =
    request.runDir === undefined
      ? await RunFolder.createNamed(RUNS, runName(config), { ...config })
      : await RunFolder.create(request.runDir, { ...config });
  return { config, folder };
}

/**
 * All settings of a new run, whose pretrained weights are fetched; no folder is made.
 *
 * @throws UserError and SettingError as {@link openRun}
 */
export async function newRunConfig(
  request: Pick<RunRequest, 'settings' | 'recipe'>,
  onEvent?: RunListener,
): Promise<TrainConfig> {
  const given = withAbsolutePaths(checkTrainSettings(request.settings));
  const recipe = withinMemory(besideGiven(recipeSettings(request.recipe), given), given);
  const notice = recipeNotice(request.recipe, recipe, given);
  if (notice) onEvent?.(noticeEvent('settings', notice));
  const own = await fetchPretrained({ ...recipe, ...given }, onEvent);
  const config = newConfig(given, { ...own, ...recipe });
  for (const text of configNotices(config, given)) onEvent?.(noticeEvent('settings', text));
  return config;
}

/**
 * The folder of a run that is to be started on ranks: of a new one without a given folder, one that is not there yet.
 *
 * @throws SettingError when settings of a new run are wrong, contradict one another, have no effect, or do not fit the ranks
 */
export function runFolderOf({ settings, recipe, runDir, resume: run }: RunRequest, ranks: number): string {
  if (run !== undefined) return folderOf(run);
  const given = withAbsolutePaths(checkTrainSettings(settings));
  const config = newConfig(given, besideGiven(recipeSettings(recipe), given));
  partOf(config, { size: ranks });
  if (runDir !== undefined) return runDir;
  const first = join(RUNS, runName(config));
  for (let number = 2, path = first; ; path = `${first}-${number++}`) if (!existsSync(path)) return path;
}

/**
 * The settings of a new run, with what follows from those that are given.
 *
 * @throws SettingError when some contradict one another or have no effect
 */
export function newConfig(given: Partial<TrainConfig>, recipe: Partial<TrainConfig>): TrainConfig {
  const defaults = { ...TRAIN_DEFAULTS, ...recipe, ...optimizerDefaults(given, recipe) };
  const config = withAbsolutePaths(withDataFolder({ ...defaults, ...given }));
  checkEffects(given, config);
  checkConfig(config);
  return config;
}

/** The folder of a run that is given by its path, or by its name in runs/. */
export function folderOf(run: string): string {
  const named = join(RUNS, run);
  // What is not there is said as it was given, unless it can only be a name.
  return !existsSync(run) && (existsSync(named) || basename(run) === run) ? named : run;
}

async function resume(
  run: string,
  { settings, recipe, runDir }: RunRequest,
  onEvent: RunListener | undefined,
): Promise<OpenRun> {
  const given = withAbsolutePaths(checkTrainSettings(settings));
  if (recipe !== undefined)
    throw new SettingError(
      (name) => `${name('recipe')} is for a new run: one that is resumed keeps its own settings`,
    );
  if (runDir !== undefined)
    throw new SettingError(
      (name) => `${name('runDir')} names the folder of a new run and cannot be used with ${name('resume')}`,
    );
  const isFirst = launchedRanks().rank === 0;
  const folder = await RunFolder.open(folderOf(run), isFirst);
  try {
    const checkpoint = folder.hasCheckpoint() ? readCheckpoint(folder.file(LAST_CHECKPOINT)) : undefined;
    const config = resumedConfig({
      // A run that was killed before its first checkpoint starts from the beginning.
      saved: checkpoint ? (checkpoint.training?.config ?? {}) : folder.readConfig(),
      source: checkpoint?.path ?? folder.path,
      folder: folder.path,
      given,
      ...doneOf(checkpoint),
      onNotice: (text) => onEvent?.(noticeEvent('settings', () => text)),
    });
    return { config: isFirst ? config : asFollower(config), folder, ...(checkpoint && { checkpoint }) };
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** The epochs that are done, and how many steps each of them had. */
function doneOf(checkpoint: Checkpoint | undefined): Pick<Resumption, 'epoch' | 'stepsPerEpoch'> {
  const { epoch = 0, step = 0, globalStep = 0 } = checkpoint?.training?.progress ?? {};
  return { epoch, stepsPerEpoch: epoch > 0 ? (globalStep - step) / epoch : undefined };
}

/** What a recipe sets in a sentence, and whether something that it is for is missing. */
function recipeNotice(
  name: string | undefined,
  recipe: Partial<TrainConfig>,
  given: Partial<TrainConfig>,
): SettingText | undefined {
  if (name === undefined) return undefined;
  return (nameOf) => {
    const text = (value: unknown): string =>
      value === true ? 'on' : value === false ? 'off' : String(value);
    const set = Object.entries(recipe).map(
      ([key, value]) => `${nameOf(key)} ${[value].flat().map(text).join(' ')}`,
    );
    const missing =
      name === 'finetune' && !given.pretrained
        ? `; it is for pretrained weights: without ${nameOf('pretrained')} the model trains from scratch`
        : '';
    return `the recipe ${name} sets ${set.join(', ')}${missing}`;
  };
}

/** The configuration of a rank that is not the first, which alone fetches data. */
function asFollower(config: TrainConfig): TrainConfig {
  return { ...config, download: false };
}

/** The name of a new run's folder: after model, data, loss and the present time. */
export function runName(config: TrainConfig): string {
  const { model, data, loss } = config;
  return `${families.labelOf(model, config)}-${data}-${loss}-${timeName()}`;
}

/** The present time in a folder's name: 2026-11-26-201103. */
export function timeName(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
}
