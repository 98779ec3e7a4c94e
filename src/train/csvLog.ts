import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { errorMessage, UserError } from '../errors.js';
import { writeFileAtomically } from './atomicFile.js';
import type { EpochResult, TrainerListener } from './events.js';

type Column = readonly [name: string, value: (result: EpochResult) => number];

const METRICS: readonly Column[] = [
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

/** The CSV files of a run: all metrics, and the two of the published code. */
export const CSV_FILES: Readonly<Record<string, readonly Column[]>> = {
  'metrics.csv': METRICS,
  'accuracy.csv': [
    ['epoch', (r) => r.epoch],
    ['accuracy', (r) => r.test.top1],
  ],
  'accuracy_train.csv': [
    ['epoch', (r) => r.epoch],
    ['accuracy', (r) => r.train.top1],
  ],
};

/**
 * Appends an epoch a row to a CSV file.
 *
 * @param startEpoch rows of this epoch and later ones are dropped first: they belong to what a resumed run does again
 */
export function csvLog(path: string, columns: readonly Column[], startEpoch: number): TrainerListener {
  const header = columns.map(([name]) => name).join(',');
  const old = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(1) : [];
  const kept = old.filter((row) => row !== '' && Number.parseInt(row, 10) < startEpoch);
  writeFileAtomically(path, [new TextEncoder().encode([header, ...kept, ''].join('\n'))]);
  return (event) => {
    if (event.event !== 'epoch') return;
    const row = columns.map(([, value]) => Number(value(event).toPrecision(7))).join(',');
    try {
      appendFileSync(path, `${row}\n`);
    } catch (error) {
      throw new UserError(`${path} cannot be written: ${errorMessage(error)}`);
    }
  };
}
