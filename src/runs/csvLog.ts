import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage, UserError, WriteError } from '../errors.js';
import { makeFolder } from '../makeFolder.js';
import type { EpochResult, TrainerListener } from '../train/events.js';
import { writeFileAtomically } from './atomicFile.js';

/** Name of a figure, in CSV columns and JSON keys, and how it is taken from an epoch's result. */
export type Column = readonly [name: string, value: (result: EpochResult) => number];

/** Columns of a CSV file, and the number of the first epoch in the column `epoch`. */
export interface CsvTable {
  readonly columns: readonly Column[];
  readonly firstEpoch: 0 | 1;
}

/** All figures of an epoch, by the names that `metrics.csv` and JSON lines have. Epochs are numbered from 1. */
export const METRIC_COLUMNS: readonly Column[] = [
  ['epoch', (r) => r.epoch + 1],
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

/** The same with the figures of the averaged weights, for a run that keeps them. */
export const AVERAGED_COLUMNS: readonly Column[] = [
  ...METRIC_COLUMNS,
  ['ema_cross_entropy', (r) => r.average?.crossEntropy ?? Number.NaN],
  ['ema_top1', (r) => r.average?.top1 ?? Number.NaN],
  ['ema_top5', (r) => r.average?.top5 ?? Number.NaN],
];

/** `metrics.csv`. */
export const METRICS: CsvTable = { columns: METRIC_COLUMNS, firstEpoch: 1 };

/** `metrics.csv` of a run that keeps averaged weights. */
export const AVERAGED_METRICS: CsvTable = { columns: AVERAGED_COLUMNS, firstEpoch: 1 };

/** The published code's `accuracy.csv` (of the test set) and `accuracy_train.csv`, in which epochs count from 0. */
export const ACCURACIES: { readonly test: CsvTable; readonly train: CsvTable } = {
  test: {
    columns: [
      ['epoch', (r) => r.epoch],
      ['accuracy', (r) => r.test.top1],
    ],
    firstEpoch: 0,
  },
  train: {
    columns: [
      ['epoch', (r) => r.epoch],
      ['accuracy', (r) => r.train.top1],
    ],
    firstEpoch: 0,
  },
};

/** Quantiles of `loss_weights.csv`, by the ends of its columns' names. */
export const QUANTILES = { min: 0, p5: 0.05, p25: 0.25, median: 0.5, p75: 0.75, p95: 0.95, max: 1 } as const;

/** `loss_weights.csv`: how variances of features, and the weights that the loss made of them, spread over each epoch's images. */
export const LOSS_WEIGHTS: CsvTable = {
  columns: [
    ['epoch', (r) => r.epoch + 1],
    ...quantileColumns('variance', (r) => r.weighting?.variances),
    ...quantileColumns('weight', (r) => r.weighting?.weights),
  ],
  firstEpoch: 1,
};

function quantileColumns(
  name: string,
  valuesOf: (result: EpochResult) => Float32Array | undefined,
): Column[] {
  return Object.entries(QUANTILES).map(
    ([end, share]): Column => [
      `${name}_${end}`,
      (result) => {
        const values = valuesOf(result) ?? new Float32Array();
        return values[Math.round(share * (values.length - 1))] ?? Number.NaN;
      },
    ],
  );
}

/**
 * Appends one row per epoch to a CSV file.
 *
 * @param epochsDone rows of later epochs are dropped first: a resumed run repeats them
 * @throws UserError when the file cannot be written; the listener throws it, too
 */
export async function csvLog(path: string, table: CsvTable, epochsDone: number): Promise<TrainerListener> {
  const { columns } = table;
  const header = columns.map(([name]) => name).join(',');
  await writeFileAtomically(path, [
    new TextEncoder().encode([header, ...keptRows(path, table, epochsDone), ''].join('\n')),
  ]);
  return (event) => {
    if (event.event !== 'epoch') return;
    const row = columns.map(([, value]) => Number(value(event).toPrecision(7))).join(',');
    appendText(path, `${row}\n`);
  };
}

/** Rows of the epochs that are done. Older versions numbered the epochs of `metrics.csv` from 0: those are renumbered. */
function keptRows(path: string, { firstEpoch }: CsvTable, epochsDone: number): string[] {
  try {
    makeFolder(dirname(path));
    const rows = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(1) : [];
    const epochs = rows.map((row) => Number.parseInt(row, 10));
    const shift = epochs[0] === 0 ? firstEpoch : 0;
    return rows
      .filter((_, i) => epochs[i]! + shift - firstEpoch < epochsDone)
      .map((row) => row.replace(/^\d+/, (epoch) => String(Number(epoch) + shift)));
  } catch (error) {
    throw new UserError(`${path} cannot be used: ${errorMessage(error)}`);
  }
}

/** Appends to a human-readable file while it grows. @throws WriteError naming the file */
export function appendText(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    throw new WriteError(path, error);
  }
}
