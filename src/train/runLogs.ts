import { join } from 'node:path';
import { ACCURACY_COLUMNS, csvLog, METRIC_COLUMNS } from './csvLog.js';
import type { TrainerListener } from './events.js';
import { jsonLog } from './jsonLog.js';

/** Where a run's logs go. */
export interface RunLogOptions {
  /** The run's folder: `metrics.csv` and `log.jsonl`. */
  readonly folder: string;
  /** Folder of `accuracy.csv` and `accuracy_train.csv`; null: the run's. */
  readonly accuraciesDir: string | null;
  /** Epoch with which the run begins or goes on. */
  readonly startEpoch: number;
}

/**
 * The listeners that write a run's logs.
 *
 * @throws UserError when a file cannot be written
 */
export async function runLogs(options: RunLogOptions): Promise<TrainerListener[]> {
  const { folder, startEpoch } = options;
  const accuracies = options.accuraciesDir ?? folder;
  return [
    await csvLog(join(folder, 'metrics.csv'), METRIC_COLUMNS, startEpoch),
    await csvLog(join(accuracies, 'accuracy.csv'), ACCURACY_COLUMNS.test, startEpoch),
    await csvLog(join(accuracies, 'accuracy_train.csv'), ACCURACY_COLUMNS.train, startEpoch),
    jsonLog(join(folder, 'log.jsonl')),
  ];
}
