import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { writeFileAtomically } from './atomicFile.js';
import { readMetrics } from './metricsFile.js';
import { checkTrainSettings } from './settings/checkSettings.js';
import type { TrainConfig } from './trainConfig.js';

/** File of a k-fold training's folder. */
const FILE = 'kfold.json';

/** A k-fold training as its folder has it: what was given, and the results of the folds that are done. */
export interface KFold {
  readonly folds: number;
  /** The given settings, with absolute paths. */
  readonly settings: Partial<TrainConfig>;
  readonly recipe?: string | undefined;
  readonly done: readonly FoldResult[];
}

/** Results of a fold's run on the images that it held out. */
export interface FoldResult {
  /** From 1. */
  readonly fold: number;
  /** In percent, after the last epoch, and the best of all epochs. */
  readonly top1: number;
  readonly bestTop1: number;
  /** NaN where the model's logits are not finite; null in the file. */
  readonly crossEntropy: number;
}

/** The folder of a fold's run. */
export function foldFolder(folder: string, fold: number): string {
  return join(folder, `fold-${fold}`);
}

/** Whether a folder has a k-fold training. */
export function hasKFold(folder: string): boolean {
  return existsSync(join(folder, FILE));
}

/** Writes the state of a k-fold training. @throws WriteError naming the file */
export async function writeKFold(folder: string, kfold: KFold): Promise<void> {
  const text = `${JSON.stringify(kfold, null, 2)}\n`;
  await writeFileAtomically(join(folder, FILE), [new TextEncoder().encode(text)]);
}

/** Removes the state of a k-fold training. */
export function removeKFold(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

/** Reads the state of a k-fold training. @throws UserError when there is none, or it is damaged */
export function readKFold(folder: string): KFold {
  const path = join(folder, FILE);
  if (!existsSync(path)) throw new UserError(`${folder} has no k-fold training: it has no ${FILE}`);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
      key === 'crossEntropy' && value === null ? Number.NaN : value,
    );
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
  if (!isKFold(found)) throw new UserError(`${path} is damaged: it does not describe a k-fold training`);
  checkTrainSettings(found.settings, path);
  return found;
}

function isKFold(value: unknown): value is KFold {
  if (typeof value !== 'object' || value === null) return false;
  const { folds, settings, recipe, done }: Partial<Record<keyof KFold, unknown>> = value;
  return (
    typeof folds === 'number' &&
    typeof settings === 'object' &&
    (recipe === undefined || typeof recipe === 'string') &&
    Array.isArray(done) &&
    done.every(isResult)
  );
}

function isResult(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const result: Partial<Record<string, unknown>> = { ...value };
  return ['fold', 'top1', 'bestTop1', 'crossEntropy'].every((key) => typeof result[key] === 'number');
}

/** The results of a fold's run that is complete. */
export function resultOf(fold: number, run: string): FoldResult {
  const metrics = readMetrics(run);
  const last = (name: string): number => metrics[name]!.at(-1)!;
  return {
    fold,
    top1: last('test_top1'),
    bestTop1: last('best_top1'),
    crossEntropy: last('test_cross_entropy'),
  };
}
