import { join } from 'node:path';
import type { TrainerListener } from '../train/events.js';
import { ACCURACY_COLUMNS, csvLog, METRIC_COLUMNS } from './csvLog.js';
import { jsonLog } from './jsonLog.js';
import { tensorBoardLog } from './tensorBoardLog.js';

/** Where a run's logs go. */
export interface RunLogOptions {
  /** The run's folder: `metrics.csv`, `log.jsonl` and TensorBoard's events. */
  readonly folder: string;
  /** Folder of `accuracy.csv` and `accuracy_train.csv`; null: the run's. */
  readonly accuraciesDir: string | null;
  /** Epoch with which the run begins or goes on. */
  readonly startEpoch: number;
}

/** The logs of a run. */
export interface RunLogs {
  readonly listeners: readonly TrainerListener[];
  /** Closes the files. */
  close(): void;
}

/**
 * Opens the logs of a run.
 *
 * @throws UserError when a file cannot be written; the listeners throw it, too
 */
export async function openRunLogs(options: RunLogOptions): Promise<RunLogs> {
  const { folder, startEpoch } = options;
  const accuracies = options.accuraciesDir ?? folder;
  const tables = [
    await csvLog(join(folder, 'metrics.csv'), METRIC_COLUMNS, startEpoch),
    await csvLog(join(accuracies, 'accuracy.csv'), ACCURACY_COLUMNS.test, startEpoch),
    await csvLog(join(accuracies, 'accuracy_train.csv'), ACCURACY_COLUMNS.train, startEpoch),
  ];
  const charts = tensorBoardLog(folder);
  const listeners = [...tables, jsonLog(join(folder, 'log.jsonl')), charts.listener];
  return { listeners, close: () => charts.close() };
}
