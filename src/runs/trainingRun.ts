import type { DatasetPair } from '../data/dataset.js';
import type { Engine } from '../engines/engine.js';
import type { LoadMeter } from '../engines/host/loadMeter.js';
import { UserError } from '../errors.js';
import type { DataDescription, Progress } from '../train/checkpointInfo.js';
import type { EarlyStop } from '../train/earlyStop.js';
import type { TrainerListener } from '../train/events.js';
import type { Learner } from '../train/learner.js';
import type { Checkpoint } from '../train/learnerState.js';
import { Trainer } from '../train/trainer.js';
import { checkWholeConfig } from './checkConfig.js';
import { asResumedClasses } from './classMapping.js';
import { openParts, type PartsOptions } from './openParts.js';
import { lengthBy, type Pace } from './pace.js';
import { type CheckpointPolicy, RunCheckpoints } from './runCheckpoints.js';
import { openRunThreads, startingThreads } from './threads/openRunThreads.js';
import type { TrainConfig } from './trainConfig.js';
import { scheduleOf } from './trainingParts.js';

/** What a training run needs besides its configuration. */
export interface TrainingRunOptions extends PartsOptions {
  /** The images, already limited as configured. */
  readonly data: DatasetPair;
  /** Folder for checkpoints; none are written without it. */
  readonly folder?: string | undefined;
  /** Called before each checkpoint is written; what it throws ends the run, and nothing is written. */
  readonly beforeSave?: (() => void) | undefined;
  readonly listeners?: readonly TrainerListener[];
  /** Changes the number of epochs while the run is under way. Default: it stays. */
  readonly pace?: Pace | undefined;
  /** By which the run decides how many threads pay. Default: the system's. */
  readonly load?: LoadMeter | undefined;
}

/** A prepared run: call `trainer.run()`, then `close()`. */
export interface TrainingRun {
  readonly trainer: Trainer;
  readonly learner: Learner;
  readonly engine: Engine;
  /** Classes and preprocessing of its images. */
  readonly data: DataDescription;
  /** Stops the engine and the loaders. */
  close(): Promise<void>;
}

/**
 * Makes the model, loss, optimiser, engine, loaders and trainer of a configuration.
 *
 * @throws SettingError when a setting is unknown, missing or wrong, or some contradict each other
 * @throws UserError when the data does not fit the model or the batch, a checkpoint does not fit, or the engine is missing
 */
export async function prepareTraining(options: TrainingRunOptions): Promise<TrainingRun> {
  const { config, data, checkpoint } = options;
  checkWholeConfig(config, options);
  return prepareFor(
    checkpoint ? asResumedClasses(data, checkpoint.data.classes, checkpoint.path) : data,
    options,
  );
}

/** As {@link prepareTraining}, of checked settings, and data whose labels already are those of the run to resume. */
export async function prepareFor(
  pair: DatasetPair,
  options: Omit<TrainingRunOptions, 'data'>,
): Promise<TrainingRun> {
  const { config, folder, checkpoint, pace, listeners = [] } = options;
  const start = await startingThreads(options);
  const { threads } = start;
  const { close, engine, data, classWeights, ...parts } = await openParts(pair, { ...options, threads });
  try {
    const trainer = new Trainer({
      ...parts,
      threads: await openRunThreads(engine, start, options),
      earlyStop: earlyStopOf(config),
      images: { train: pair.train.count, test: pair.test.count },
      schedule: scheduleOf(config),
      epochs: config.epochs,
      lengthAfter: pace && lengthBy(pace, config),
      accumulate: config.accumulate,
      checkpoints: folder === undefined ? undefined : new RunCheckpoints(folder, policyOf(options)),
      info: {
        model: parts.learner.model.config,
        data,
        config: { ...config },
        ...(classWeights && { classWeights }),
      },
      progress: progressOf(checkpoint),
      listeners,
    });
    return { trainer, learner: parts.learner, engine, data, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function earlyStopOf({ patience, patienceMetric: metric }: TrainConfig): EarlyStop | undefined {
  return patience === null ? undefined : { patience, metric };
}

function policyOf({
  config,
  beforeSave,
}: Pick<TrainingRunOptions, 'config' | 'beforeSave'>): CheckpointPolicy {
  return { everyEpochs: config.saveEvery, everySeconds: config.checkpointSeconds, beforeSave };
}

function progressOf(checkpoint: Checkpoint | undefined): Progress | undefined {
  if (checkpoint && !checkpoint.training)
    throw new UserError(`${checkpoint.path} has only weights, not a run to resume`);
  return checkpoint?.training?.progress;
}
