import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError, UserError } from '../errors.js';
import { type Checkpoint, readCheckpoint } from '../train/checkpoint.js';
import { CSV_FILES, csvLog } from '../train/csvLog.js';
import { RunFolder } from '../train/runFolder.js';
import { TRAIN_DEFAULTS, type TrainConfig } from '../train/trainConfig.js';
import { prepareTraining } from '../train/trainingRun.js';
import { loadData } from './loadData.js';
import { Interrupted, type LogFormat, printLine, printNotice } from './output.js';
import { watchSignals } from './signals.js';
import { trainLog } from './trainLog.js';

/** What `train` was asked for. */
export interface TrainRequest {
  /** Settings that were given. */
  readonly settings: Partial<TrainConfig>;
  /** Settings that a resumed run may change. */
  readonly resumable: readonly (keyof TrainConfig)[];
  readonly runDir?: string | undefined;
  readonly resume?: string | undefined;
  readonly logFormat: LogFormat;
  /** Number of classes that the caller expects. */
  readonly classes?: number | undefined;
}

const RUNS = 'runs';

/** Opens the folder of a new run or of one to go on with. */
function openRun(request: TrainRequest): { config: TrainConfig; folder: RunFolder; checkpoint?: Checkpoint } {
  if (request.resume === undefined) {
    const config = { ...TRAIN_DEFAULTS, ...request.settings };
    return { config, folder: RunFolder.create(request.runDir ?? join(RUNS, runName(config)), { ...config }) };
  }
  const path = existsSync(request.resume) ? request.resume : join(RUNS, request.resume);
  const folder = RunFolder.open(path);
  try {
    const checkpoint = readCheckpoint(folder.file('last.safetensors'));
    if (!checkpoint.training)
      throw new UserError(`${checkpoint.path} holds weights alone, not a run to go on with`);
    const saved = { ...TRAIN_DEFAULTS, ...(checkpoint.training.config as Partial<TrainConfig>) };
    return { config: merged(saved, request), folder, checkpoint };
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** The saved configuration with what may change; anything else that differs is refused. */
function merged(saved: TrainConfig, { settings, resumable }: TrainRequest): TrainConfig {
  for (const [key, value] of Object.entries(settings)) {
    const name = key as keyof TrainConfig;
    if (!resumable.includes(name) && JSON.stringify(saved[name]) !== JSON.stringify(value)) {
      throw new UsageError(
        `the run has ${key} ${JSON.stringify(saved[name])}; going on with it, ${JSON.stringify(value)} is not possible`,
      );
    }
  }
  return { ...saved, ...settings };
}

function runName({ model, ratio, loss }: TrainConfig): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
  return `${model}${ratio === null ? '' : `-${ratio}`}-${loss}-${time}`;
}

/**
 * Trains as the command line asks, prints events, and returns the run's folder.
 *
 * @throws Interrupted after SIGINT or SIGTERM, when the state is saved
 */
export async function runTraining(request: TrainRequest): Promise<string> {
  const { config, folder, checkpoint } = openRun(request);
  const startEpoch = checkpoint?.training?.progress.epoch ?? 0;
  try {
    const data = await loadData(config);
    if (request.classes !== undefined && request.classes !== data.train.classes.length) {
      throw new UsageError(
        `--classes is ${request.classes}, but ${config.data} has ${data.train.classes.length} classes`,
      );
    }
    const csv = Object.entries(CSV_FILES).map(([name, columns]) =>
      csvLog(folder.file(name), columns, startEpoch),
    );
    const run = await prepareTraining({
      config,
      data,
      folder: folder.path,
      checkpoint,
      listeners: [...csv, trainLog(request.logFormat)],
      onNotice: printNotice,
    });
    const watch = watchSignals((signal) => {
      printNotice(`${signal}: finishing the step and saving; again to end at once`);
      run.trainer.stop();
    });
    try {
      const outcome = await run.trainer.run();
      if (outcome === 'interrupted') {
        throw new Interrupted(`go on with: biasloss train --resume ${folder.path}`, watch.exitCode ?? 130);
      }
      if (request.logFormat === 'text') printLine(`run folder: ${folder.path}`);
    } finally {
      watch.end();
      await run.close();
    }
  } finally {
    folder.release();
  }
  return folder.path;
}
