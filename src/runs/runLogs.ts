import { join } from 'node:path';
import type { Progress } from '../train/checkpointInfo.js';
import type { TrainerListener } from '../train/events.js';
import { ACCURACIES, AVERAGED_METRICS, csvLog, LOSS_WEIGHTS, METRICS } from './csvLog.js';
import { jsonLog } from './jsonLog.js';
import { METRICS_FILE } from './metricsFile.js';
import { type ImageDescription, tensorBoardLog } from './tensorBoardLog.js';
import type { TrainConfig } from './trainConfig.js';

/** How the loss weighed the images of each epoch. */
export const LOSS_WEIGHTS_FILE = 'loss_weights.csv';

/** Where a run's logs go. */
export interface RunLogOptions {
  /** The run's folder: `metrics.csv`, `log.jsonl` and TensorBoard's events. */
  readonly folder: string;
  /** Folder of `accuracy.csv` and `accuracy_train.csv`; null: the run's. */
  readonly accuraciesDir: string | null;
  /** Whether the loss weighs data points, so that `loss_weights.csv` is written. */
  readonly weighs: boolean;
  /** Whether averaged weights are kept, whose figures are columns of `metrics.csv`. */
  readonly averages: boolean;
  /** The run's settings. */
  readonly config: TrainConfig;
  /** Classes and preprocessing of its images. */
  readonly images: ImageDescription;
  /** Where the run resumes; undefined for a new one. */
  readonly progress: Pick<Progress, 'epoch' | 'globalStep'> | undefined;
}

/** The logs of a run. */
export interface RunLogs {
  readonly listeners: readonly TrainerListener[];
  /** Closes the files. */
  close(): Promise<void>;
}

/**
 * Opens the logs of a run.
 *
 * @throws UserError when a file cannot be written; the listeners throw it, too
 */
export async function openRunLogs(options: RunLogOptions): Promise<RunLogs> {
  const { folder, progress, config, images } = options;
  const epochsDone = progress?.epoch ?? 0;
  const accuracies = options.accuraciesDir ?? folder;
  const tables = [
    await csvLog(join(folder, METRICS_FILE), options.averages ? AVERAGED_METRICS : METRICS, epochsDone),
    await csvLog(join(accuracies, 'accuracy.csv'), ACCURACIES.test, epochsDone),
    await csvLog(join(accuracies, 'accuracy_train.csv'), ACCURACIES.train, epochsDone),
    ...(options.weighs ? [await csvLog(join(folder, LOSS_WEIGHTS_FILE), LOSS_WEIGHTS, epochsDone)] : []),
  ];
  const charts = await tensorBoardLog({ folder, config, images, progress });
  const listeners = [...tables, jsonLog(join(folder, 'log.jsonl')), charts.listener];
  return { listeners, close: () => charts.close() };
}
