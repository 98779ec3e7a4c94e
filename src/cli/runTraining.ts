import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { launchedRanks, srunTasksWithoutMpi } from '../distributed/launcher.js';
import { errorMessage, ImageError, UserError, WriteError } from '../errors.js';
import { checkClasses } from '../runs/loadData.js';
import { readMetrics } from '../runs/metricsFile.js';
import { type OpenRun, openRun, type RunRequest } from '../runs/openRun.js';
import type { Pace } from '../runs/pace.js';
import { LAST_CHECKPOINT, type RunFolder } from '../runs/runFolder.js';
import { shellWord } from '../runs/shellWord.js';
import { startRun } from '../runs/startRun.js';
import type { TrainerListener } from '../train/events.js';
import { LAUNCH_VARIABLE } from './launch/launchVariable.js';
import { Interrupted, type LogFormat, printLine, printNotice } from './output.js';
import { ofRank, RankWatch } from './rankWatch.js';
import { runLog } from './runLog.js';
import { RunStop } from './runStop.js';
import { sparkline } from './sparkline.js';
import { trainLog } from './trainLog.js';

/** Arguments of `train`. */
export interface TrainRequest extends RunRequest {
  readonly logFormat: LogFormat;
  /** Whether the run ends with a report. Default true. */
  readonly report?: boolean | undefined;
  /** Number of classes that the caller expects. */
  readonly classes?: number | undefined;
  /** Arguments of the command that resumes it. Default: those of `train`. */
  readonly resumeWith?: string | undefined;
  /** Folders of the runs of other folds, with which a new one must share its images. Default: none. */
  readonly otherFolds?: readonly string[] | undefined;
  /** Called when the run is about to train. Returns what changes its number of epochs; default: it stays. */
  readonly pace?: (() => Pace) | undefined;
}

/**
 * Trains according to the command line, prints events, and returns the run's folder.
 *
 * @throws Interrupted after a signal, or when its output cannot be written; the state is saved then
 */
export async function runTraining(request: TrainRequest): Promise<string> {
  const { logFormat } = request;
  const ranks = launchedRanks();
  const isFirst = ranks.rank === 0;
  noticeTasksWithoutMpi();
  const onEvent = isFirst ? runLog() : undefined;
  const opened = await ofRank(ranks, openRun(request, onEvent));
  const { folder, config } = opened;
  const stop = new RunStop(folder);
  const watch = new RankWatch(ranks, config.rankTimeout, () => folder.close());
  let log: TrainerListener | undefined;
  try {
    const run = await startRun(opened, {
      onEvent: (event) => {
        watch.progress();
        onEvent?.(event);
      },
      onData: ({ train: { classes } }) => {
        checkClasses(request.classes, config.data, classes);
        if (isFirst) log = trainLog(logFormat, classes.length);
      },
      otherFolds: request.otherFolds,
      pace: request.pace?.(),
      listeners: [watch.note, (event) => log?.(event)],
    });
    stop.attach(run);
    if ((await run.run()) === 'interrupted') {
      // At once: where ranks end their communication, each may exit, and Open MPI ends the others by that.
      if (isFirst) printNotice(`resume with: ${resumeCommand(folder, request)}`);
      throw new Interrupted('', stop.exitCode ?? 130);
    }
    await run.close();
    if (isFirst) await printEnd(folder, request);
  } catch (caught) {
    const error = withExclusion(withResume(caught, folder, request), opened, request);
    if (!(error instanceof Interrupted)) watch.fail(error);
    throw error;
  } finally {
    await stop.close();
    watch.close();
  }
  return folder.path;
}

function noticeTasksWithoutMpi(): void {
  const tasks = srunTasksWithoutMpi();
  if (tasks === undefined) return;
  printNotice(
    `srun started ${tasks} tasks without MPI, so each trains by itself; to train together: srun --mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH)`,
  );
}

/** Writes the report, and says where everything is. Whatever goes wrong with the report is a notice: the run is saved. */
async function printEnd({ path }: RunFolder, { logFormat, report = true }: TrainRequest): Promise<void> {
  const written = report ? await reportOf(path) : undefined;
  if (logFormat === 'json') return;
  const { test_top1: accuracies = [] } = readMetrics(path);
  printLine(`test top-1: ${sparkline(accuracies, 40)}`);
  printLine(`run folder: ${path}`);
  const files = [
    ['report', written],
    ['best weights', join(path, 'best.safetensors')],
    ['last weights', join(path, LAST_CHECKPOINT)],
  ] as const;
  for (const [what, file] of files) if (file !== undefined && existsSync(file)) printLine(`${what}: ${file}`);
}

async function reportOf(folder: string): Promise<string | undefined> {
  try {
    // Loaded at the end: nothing waits for it at the start.
    const { writeReport } = await import('../report/writeReport.js');
    const { path, missing } = await writeReport(folder);
    if (missing !== undefined) printNotice(`the report has no figures of the model: ${missing}`);
    return path;
  } catch (error) {
    printNotice(`there is no report of the run: ${errorMessage(error)}`);
    return undefined;
  }
}

/** An error that says how to resume where a file could not be written, unless the folder is another run's by now. */
function withResume(error: unknown, folder: RunFolder, request: TrainRequest): unknown {
  if (!(error instanceof WriteError)) return error;
  try {
    folder.expectHeld();
  } catch (lost) {
    return lost;
  }
  return folder.hasCheckpoint()
    ? new UserError(`${error.message}; when it can be, resume with: ${resumeCommand(folder, request)}`)
    : error;
}

/** An error about an image that cannot be read, with the command that resumes the run without it. */
function withExclusion(error: unknown, { folder, config }: OpenRun, request: TrainRequest): unknown {
  if (!(error instanceof ImageError) || config.data !== 'imagefolder') return error;
  if (request.resumeWith !== undefined || !folder.hasCheckpoint()) return error;
  return new UserError(
    `${error.message}; to leave it out: ${resumeCommand(folder, request)} --exclude LIST, a file that check-data --write-exclude makes`,
  );
}

function resumeCommand(
  { path }: RunFolder,
  { resumeWith = `train --resume ${shellWord(path)}` }: TrainRequest,
): string {
  return `${process.env[LAUNCH_VARIABLE] ?? 'biasloss'} ${resumeWith}`;
}
