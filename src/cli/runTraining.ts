import { openRunLogs } from '../runs/runLogs.js';
import { prepareTraining, type TrainingRun } from '../runs/trainingRun.js';
import { checkClasses, loadData } from './loadData.js';
import { type OpenRun, openRun, type RunRequest } from './openRun.js';
import { Interrupted, type LogFormat, printLine, printNotice } from './output.js';
import { RunStop } from './runStop.js';
import { trainLog } from './trainLog.js';

/** What `train` was asked for. */
export interface TrainRequest extends RunRequest {
  readonly logFormat: LogFormat;
  /** Number of classes that the caller expects. */
  readonly classes?: number | undefined;
}

/**
 * Trains as the command line asks, prints events, and returns the run's folder.
 *
 * @throws Interrupted after a signal, or when its output cannot be written; the state is saved then
 */
export async function runTraining(request: TrainRequest): Promise<string> {
  const opened = await openRun(request);
  const { folder } = opened;
  const stop = new RunStop(folder);
  try {
    const run = await prepare(opened, request);
    stop.attach(run);
    await train(run, opened, stop);
    if (request.logFormat === 'text') printLine(`run folder: ${folder.path}`);
  } finally {
    await stop.close();
  }
  return folder.path;
}

async function prepare({ config, folder, checkpoint }: OpenRun, request: TrainRequest): Promise<TrainingRun> {
  const data = await loadData(config);
  checkClasses(request.classes, config.data, data.train.classes);
  return prepareTraining({
    config,
    data,
    folder: folder.path,
    checkpoint,
    listeners: [trainLog(request.logFormat)],
    onNotice: printNotice,
  });
}

async function train(
  { trainer }: TrainingRun,
  { config, folder, checkpoint }: OpenRun,
  stop: RunStop,
): Promise<void> {
  const startEpoch = checkpoint?.training?.progress.epoch ?? 0;
  const logs = await openRunLogs({ folder: folder.path, accuraciesDir: config.accuraciesDir, startEpoch });
  try {
    for (const log of logs.listeners) trainer.listen(log);
    if ((await trainer.run()) === 'interrupted')
      throw new Interrupted(`go on with: biasloss train --resume ${folder.path}`, stop.exitCode ?? 130);
  } finally {
    logs.close();
  }
}
