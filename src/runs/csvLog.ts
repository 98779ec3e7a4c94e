import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { makeFolder } from '../makeFolder.js';
import type { EpochResult, TrainerListener } from '../train/events.js';
import { writeFileAtomically } from './atomicFile.js';

/** Name of a CSV column and how it follows from an epoch's result. */
export type Column = readonly [name: string, value: (result: EpochResult) => number];

/** All figures of an epoch, for `metrics.csv`. */
export const METRIC_COLUMNS: readonly Column[] = [
  ['epoch', (r) => r.epoch],
  ['train_loss', (r) => r.trainLoss],
  ['train_cross_entropy', (r) => r.train.crossEntropy],
  ['train_top1', (r) => r.train.top1],
  ['train_top5', (r) => r.train.top5],
  ['test_cross_entropy', (r) => r.test.crossEntropy],
  ['test_top1', (r) => r.test.top1],
  ['test_top5', (r) => r.test.top5],
  ['best_top1', (r) => r.bestTop1],
  ['learning_rate', (r) => r.learningRate],
  ['images_per_second', (r) => r.imagesPerSecond],
  ['seconds', (r) => r.seconds],
  ['waited_percent', (r) => r.waitedPercent],
];

/** Columns of the published code's `accuracy.csv` (of the test set) and `accuracy_train.csv`. */
export const ACCURACY_COLUMNS: { readonly test: readonly Column[]; readonly train: readonly Column[] } = {
  test: [
    ['epoch', (r) => r.epoch],
    ['accuracy', (r) => r.test.top1],
  ],
  train: [
    ['epoch', (r) => r.epoch],
    ['accuracy', (r) => r.train.top1],
  ],
};

/**
 * Appends an epoch a row to a CSV file.
 *
 * @param startEpoch rows of this epoch and later ones are dropped first: they belong to what a resumed run does again
 * @throws UserError when the file cannot be written; the listener throws it, too
 */
export async function csvLog(
  path: string,
  columns: readonly Column[],
  startEpoch: number,
): Promise<TrainerListener> {
  const header = columns.map(([name]) => name).join(',');
  await writeFileAtomically(path, [
    new TextEncoder().encode([header, ...keptRows(path, startEpoch), ''].join('\n')),
  ]);
  return (event) => {
    if (event.event !== 'epoch') return;
    const row = columns.map(([, value]) => Number(value(event).toPrecision(7))).join(',');
    appendText(path, `${row}\n`);
  };
}

function keptRows(path: string, startEpoch: number): string[] {
  try {
    makeFolder(dirname(path));
    const rows = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(1) : [];
    return rows.filter((row) => Number.parseInt(row, 10) < startEpoch);
  } catch (error) {
    throw new UserError(`${path} cannot be used: ${errorMessage(error)}`);
  }
}

/** Appends to a file that a person may read while it grows. @throws UserError naming the file */
export function appendText(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    throw new UserError(`${path} cannot be written: ${errorMessage(error)}`);
  }
}
