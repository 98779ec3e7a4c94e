import { UserError, WriteError } from '../errors.js';
import { checkClasses } from '../runs/loadData.js';
import { openRun, type RunRequest } from '../runs/openRun.js';
import type { RunFolder } from '../runs/runFolder.js';
import { startRun } from '../runs/startRun.js';
import type { TrainerListener } from '../train/events.js';
import { Interrupted, type LogFormat, printLine } from './output.js';
import { runLog } from './runLog.js';
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
  const { logFormat } = request;
  const onEvent = runLog();
  const opened = await openRun(request, onEvent);
  const { folder, config } = opened;
  const stop = new RunStop(folder);
  let log: TrainerListener | undefined;
  try {
    const run = await startRun(opened, {
      onEvent,
      onData: ({ train: { classes } }) => {
        checkClasses(request.classes, config.data, classes);
        log = trainLog(logFormat, classes.length);
      },
      listeners: [(event) => log?.(event)],
    });
    stop.attach(run);
    if ((await run.run()) === 'interrupted')
      throw new Interrupted(`resume with: ${resumeCommand(folder)}`, stop.exitCode ?? 130);
    if (logFormat === 'text') printLine(`run folder: ${folder.path}`);
  } catch (error) {
    throw error instanceof WriteError && folder.hasCheckpoint()
      ? new UserError(`${error.message}; when it can be, resume with: ${resumeCommand(folder)}`)
      : error;
  } finally {
    await stop.close();
  }
  return folder.path;
}

function resumeCommand({ path }: RunFolder): string {
  return `biasloss train --resume ${path}`;
}
