import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SettingError, UsageError, UserError } from '../errors.js';
import { spreadOf } from '../report/compare/comparison.js';
import {
  type FoldResult,
  foldFolder,
  hasKFold,
  type KFold,
  readKFold,
  removeKFold,
  resultOf,
  writeKFold,
} from '../runs/kfold.js';
import { makeNewFolder, makeRunFolder, removeEmpty } from '../runs/newFolder.js';
import { folderOf, newRunConfig, RUNS, timeName } from '../runs/openRun.js';
import { checkChange, expectSame } from '../runs/resumedConfig.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { withAbsolutePaths } from '../runs/settings/paths.js';
import type { SettingKey } from '../runs/settings/table.js';
import { shellWord } from '../runs/shellWord.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { formatPercent, formatTable, printJson, printLine } from './output.js';
import { runTraining, type TrainRequest } from './runTraining.js';
import { addTrainOptions, type TrainFlags, withTrainRequest } from './trainCommand.js';

/** Folds unless a number is given. */
const FOLDS = 5;

/** Adds the options and the action of `kfold`. */
export function configureKfold(command: Command): void {
  addTrainOptions(command, ['--fold', '--accuracies-dir', '--device']);
  command.addHelpText(
    'after',
    `\nTrains --folds (default: ${FOLDS}) runs, each of which holds out another fold of the images, into one folder` +
      '\n(--run-dir; default: runs/kfold-TIME), and prints mean and deviation of their accuracies. --resume FOLDER' +
      '\ncontinues where it was stopped; the runs of the folds are ordinary ones.' +
      '\n\nExample:\n  biasloss kfold --data imagefolder --data-path images --pretrained torchvision/mobilenet_v3_small --recipe finetune',
  );
  command.action((flags: TrainFlags) => withTrainRequest(flags, runKfold));
}

async function runKfold(request: TrainRequest): Promise<void> {
  const opened = request.resume === undefined ? await started(request) : await resumed(request);
  try {
    await trainFolds(opened, request);
  } finally {
    removeVain(opened);
  }
}

async function trainFolds({ folder, kfold }: OpenKFold, request: TrainRequest): Promise<void> {
  const done: FoldResult[] = [...kfold.done];
  for (let fold = 1; fold <= kfold.folds; fold++) {
    if (done.some((result) => result.fold === fold)) continue;
    if (request.logFormat === 'text') printLine(`\nfold ${fold} of ${kfold.folds}`);
    const run = await runTraining(requestOf(folder, kfold, fold, request));
    done.push(resultOf(fold, run));
    await writeKFold(folder, { ...kfold, done });
  }
  report(folder, done, request);
}

interface OpenKFold {
  readonly folder: string;
  readonly kfold: KFold;
  /** Folders that were made for a new one, the outermost first. */
  readonly made?: readonly string[];
}

/** A new k-fold training without a run leaves nothing behind: its data was refused. */
function removeVain({ folder, made }: OpenKFold): void {
  if (made === undefined || existsSync(foldFolder(folder, 1))) return;
  removeKFold(folder);
  removeEmpty(made);
}

async function started({ settings, recipe, runDir }: TrainRequest): Promise<OpenKFold> {
  const { folds = FOLDS, ...others } = settings;
  refuseAccuracies(others);
  if (folds === null) throw new UsageError('--folds must be a whole number of at least 2');
  // Wrong settings are refused before there is a folder.
  await newRunConfig({ settings: { ...others, folds, fold: 1 }, recipe });
  if (runDir !== undefined && hasKFold(runDir))
    throw new UserError(
      `${runDir} already has a k-fold training: give --resume ${shellWord(runDir)}, or another --run-dir`,
    );
  const { path: folder, folders: made } =
    runDir === undefined
      ? makeNewFolder(RUNS, `kfold-${timeName()}`)
      : { path: runDir, folders: makeRunFolder(runDir) };
  const kfold = { folds, settings: withAbsolutePaths(others), recipe, done: [] };
  await writeKFold(folder, kfold);
  return { folder, kfold, made };
}

function refuseAccuracies({ accuraciesDir }: TrainRequest['settings']): void {
  if (typeof accuraciesDir === 'string')
    throw new UsageError('accuraciesDir is for one run: the folds would write the same files');
}

/** Settings that a run may be resumed with, but that would make the other folds' results ones of another training. */
const OF_ALL_FOLDS: readonly SettingKey[] = ['epochs', 'patience', 'exclude'];

async function resumed({ settings, recipe, runDir, resume = '' }: TrainRequest): Promise<OpenKFold> {
  if (runDir !== undefined)
    throw new UsageError('--run-dir and --resume exclude each other: give one of them');
  if (recipe !== undefined)
    throw new UsageError('--recipe is for a new k-fold training: one that is resumed keeps its own settings');
  const folder = folderOf(resume);
  const kfold = readKFold(folder);
  const { folds = kfold.folds, ...others } = settings;
  refuseAccuracies(others);
  if (folds !== kfold.folds)
    throw new SettingError(
      (name) => `${folder} has ${name('folds')} ${kfold.folds}, and cannot be resumed with ${folds}`,
    );
  const given = withAbsolutePaths(checkTrainSettings(others));
  if (Object.keys(given).length === 0) return { folder, kfold };
  await checkGiven(folder, kfold, given);
  const changed = { ...kfold, settings: { ...kfold.settings, ...given } };
  await writeKFold(folder, changed);
  return { folder, kfold: changed };
}

/** @throws SettingError when settings would make the folds' runs ones of different trainings, whose mean says nothing */
async function checkGiven(folder: string, kfold: KFold, given: Partial<TrainConfig>): Promise<void> {
  const { folds, settings, recipe, done } = kfold;
  const own = await newRunConfig({ settings: { ...settings, folds, fold: 1 }, recipe });
  for (const [key, value] of Object.entries(given)) checkChange(key, own, value, folder);
  if (done.length === 0) return;
  for (const key of OF_ALL_FOLDS)
    if (Object.hasOwn(given, key)) expectSame(key, own, given[key], `${folder}, of which folds are done,`);
}

/** The run of a fold: a new one, or one that was started before. */
function requestOf(folder: string, kfold: KFold, fold: number, request: TrainRequest): TrainRequest {
  const { folds: _, ...given } = request.settings;
  const runDir = foldFolder(folder, fold);
  const folds = Array.from({ length: kfold.folds }, (_, i) => foldFolder(folder, i + 1));
  const otherFolds = folds.filter((other) => other !== runDir);
  const common = { ...request, otherFolds, resumeWith: `kfold --resume ${shellWord(folder)}` };
  if (existsSync(join(runDir, 'config.json')))
    return { ...common, settings: given, recipe: undefined, runDir: undefined, resume: runDir };
  const settings = { ...kfold.settings, ...given, folds: kfold.folds, fold };
  return { ...common, settings, recipe: kfold.recipe, runDir, resume: undefined };
}

function report(folder: string, results: readonly FoldResult[], { logFormat }: TrainRequest): void {
  const inOrder = results.toSorted((a, b) => a.fold - b.fold);
  const spreads = {
    top1: spreadOf(inOrder.map(({ top1 }) => top1)),
    best_top1: spreadOf(inOrder.map(({ bestTop1 }) => bestTop1)),
    cross_entropy: spreadOf(inOrder.map(({ crossEntropy }) => crossEntropy)),
  };
  if (logFormat === 'json') {
    const folds = inOrder.map(({ fold, top1, bestTop1, crossEntropy }) => ({
      ...{ fold, top1, best_top1: bestTop1, cross_entropy: crossEntropy },
    }));
    printJson({ event: 'kfold', folder, folds, ...spreads });
    return;
  }
  const row = (name: string, top1: number, best: number, entropy: number): string[] => [
    ...[name, formatPercent(top1), formatPercent(best), entropy.toFixed(4)],
  ];
  const { top1, best_top1: best, cross_entropy: entropy } = spreads;
  const rows = [
    ...inOrder.map((one) => row(String(one.fold), one.top1, one.bestTop1, one.crossEntropy)),
    row('mean', top1.mean, best.mean, entropy.mean),
    row('deviation', top1.deviation, best.deviation, entropy.deviation),
  ];
  printLine(`\n${formatTable(['fold', 'top-1', 'best top-1', 'cross-entropy'], rows)}`);
  printLine(`folder: ${folder}`);
}
