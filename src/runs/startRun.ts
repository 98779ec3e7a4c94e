import type { DatasetPair } from '../data/dataset.js';
import type { LoadMeter } from '../engines/host/loadMeter.js';
import type { TrainerListener } from '../train/events.js';
import type { TrainerOutcome } from '../train/trainer.js';
import { asResumedClasses } from './classMapping.js';
import { loadData } from './loadData.js';
import type { OpenRun } from './openRun.js';
import type { Pace } from './pace.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import { openRunLogs } from './runLogs.js';
import { keepSplit } from './splitFile.js';
import { prepareFor, type TrainingRun } from './trainingRun.js';

/** Listeners of a run. */
export interface StartOptions {
  /** Called with the data before anything is computed; what it throws ends the run. */
  readonly onData?: ((data: DatasetPair) => void) | undefined;
  readonly onEvent?: RunListener | undefined;
  /** Folders of the runs of other folds, with which a new one must share its images. Default: none. */
  readonly otherFolds?: readonly string[] | undefined;
  readonly listeners?: readonly TrainerListener[] | undefined;
  /** Changes the number of epochs while the run is under way. Default: it stays. */
  readonly pace?: Pace | undefined;
  /** By which the run decides how many threads pay. Default: the system's. */
  readonly load?: LoadMeter | undefined;
}

/** A run that is ready to train. */
export interface StartedRun {
  readonly training: TrainingRun;
  /** Ends the run after the current step, with a checkpoint. */
  stop(): void;
  /** Trains to the end, or until {@link stop}, and writes the run folder's logs. */
  run(): Promise<TrainerOutcome>;
  /** Frees engine and loaders. The run's folder stays open. */
  close(): Promise<void>;
}

/**
 * Loads the data of an open run, and makes its model, engine and trainer.
 *
 * @param opened as `openRun` gives it; its folder is closed by the caller, after the run
 * @throws UserError when the data is missing or damaged, does not fit, or the engine is missing
 */
export async function startRun(opened: OpenRun, options: StartOptions = {}): Promise<StartedRun> {
  const { config, folder, checkpoint } = opened;
  const { onEvent, onData, otherFolds, pace, load, listeners = [] } = options;
  const { images, ...found } = await loadData(config, onEvent);
  onData?.(found);
  // Renamed class folders also move images between parts; the names say better what is wrong.
  const data = checkpoint ? asResumedClasses(found, checkpoint.data.classes, checkpoint.path) : found;
  if (images && folder.isWritten)
    await keepSplit(folder.path, images, {
      isResumed: checkpoint !== undefined,
      otherFolds,
      onNotice: (text) => onEvent?.(noticeEvent('data', () => text)),
    });
  const training = await prepareFor(data, {
    config,
    folder: folder.isWritten ? folder.path : undefined,
    beforeSave: () => folder.expectHeld(),
    checkpoint,
    pace,
    load,
    listeners,
    onEvent,
  });
  return {
    training,
    stop: () => training.trainer.stop(),
    run: () => runWithLogs(training, opened),
    close: () => training.close(),
  };
}

async function runWithLogs(
  { trainer, learner, data }: TrainingRun,
  { config, folder, checkpoint }: OpenRun,
): Promise<TrainerOutcome> {
  if (!folder.isWritten) return trainer.run();
  const logs = await openRunLogs({
    folder: folder.path,
    accuraciesDir: config.accuraciesDir,
    weighs: config.loss === 'bias',
    averages: config.emaDecay !== null,
    config,
    images: { ...data, imageSize: learner.model.config.imageSize },
    progress: checkpoint?.training?.progress,
  });
  try {
    // Before the logs are written, too.
    trainer.listen(({ event }) => {
      if (event === 'epoch' || event === 'checkpoint') folder.expectHeld();
    });
    for (const log of logs.listeners) trainer.listen(log);
    return await trainer.run();
  } finally {
    await logs.close();
  }
}
