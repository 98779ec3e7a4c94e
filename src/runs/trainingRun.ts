import type { Dataset, DatasetPair } from '../data/dataset.js';
import { type LaunchedRanks, launchedRanks } from '../distributed/launcher.js';
import { createEngine } from '../engines/createEngine.js';
import type { Engine } from '../engines/engine.js';
import { type NoticeListener, UserError } from '../errors.js';
import type { Loss } from '../losses/loss.js';
import type { Model } from '../models/model.js';
import { createModel, families, type ModelOptions } from '../models/registry.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { DataDescription, Progress } from '../train/checkpointInfo.js';
import type { EarlyStop } from '../train/earlyStop.js';
import type { TrainerListener } from '../train/events.js';
import { Learner } from '../train/learner.js';
import { type Checkpoint, restoreLearner } from '../train/learnerState.js';
import { describeData } from '../train/preprocessing.js';
import type { Teacher } from '../train/teacher.js';
import { type Freezing, Trainer } from '../train/trainer.js';
import { asResumedClasses } from './classMapping.js';
import { classWeightsOf } from './classWeights.js';
import { freezingOf, withConfiguredRates } from './fineTuning.js';
import { chooseImageSize, type ImageSizeChoice } from './imageSizeChoice.js';
import { startFromWeights } from './pretrained.js';
import { type PretrainedWeights, pretrainedWeights } from './pretrainedModel.js';
import { engineOptionsOf, partOf } from './rankShare.js';
import { RunCheckpoints } from './runCheckpoints.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import { Opened, openLoaders, preprocessingFor } from './runLoaders.js';
import { expectSameStart } from './sameStart.js';
import { openTeacher, type Student } from './teacher.js';
import type { TrainConfig } from './trainConfig.js';
import { lossOf, optimizerOf, scheduleOf } from './trainingParts.js';
import { mixingOf } from './transformsOf.js';

/** What a training run needs besides its configuration. */
export interface TrainingRunOptions {
  readonly config: TrainConfig;
  /** The images, already limited as configured. */
  readonly data: DatasetPair;
  /** Your own model. Default: the configured one. */
  readonly model?: Model | undefined;
  /** Your own loss. Default: the configured one. */
  readonly loss?: Loss | undefined;
  /** Your own optimiser. Default: the configured one. */
  readonly optimizer?: Optimizer | undefined;
  /** Folder for checkpoints; none are written without it. */
  readonly folder?: string | undefined;
  /** Where to resume. */
  readonly checkpoint?: Checkpoint | undefined;
  readonly listeners?: readonly TrainerListener[];
  /** Called with notices, such as which weights were taken. */
  readonly onEvent?: RunListener | undefined;
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
 * @throws UserError when the data does not fit the model or the batch, a checkpoint does not fit, or the engine is missing
 */
export async function prepareTraining(options: TrainingRunOptions): Promise<TrainingRun> {
  const { data, checkpoint } = options;
  return prepareFor(
    checkpoint ? asResumedClasses(data, checkpoint.data.classes, checkpoint.path) : data,
    options,
  );
}

/** As {@link prepareTraining}, of data whose labels already are those of the run to resume. */
export async function prepareFor(
  { train, test }: DatasetPair,
  options: Omit<TrainingRunOptions, 'data'>,
): Promise<TrainingRun> {
  const { config, folder, checkpoint, listeners = [] } = options;
  const model = options.model ?? (await modelFor(options, train));
  const weights = checkpoint ? undefined : await pretrainedWeights(config, options.onEvent);
  const preprocessing = preprocessingFor(options, train, { model, published: weights?.published });
  const opened = new Opened();
  try {
    const ranks = launchedRanks();
    const loaders = openLoaders({ train, test }, { config, ranks, model, preprocessing }, opened);
    const engine = opened.keep(await createEngine(config.engine, engineOptionsOf(config, ranks), ranks));
    const learner = opened.keep(await makeLearner(engine, model, train, { ...options, weights, ranks }));
    const teacher = await teacherOf(
      options,
      { engine, model, batchSize: learner.batchSize, classes: train.classes, preprocessing },
      opened,
    );
    await expectSameStart(learner, config, checkpoint);
    const data = describeData(train.classes, preprocessing);
    const trainer = new Trainer({
      learner,
      ...loaders,
      teacher,
      freezing: freezingFor(options, model),
      earlyStop: earlyStopOf(config),
      images: { train: train.count, test: test.count },
      schedule: scheduleOf(config),
      epochs: config.epochs,
      accumulate: config.accumulate,
      checkpoints: folder === undefined ? undefined : new RunCheckpoints(folder, policyOf(config)),
      info: { model: model.config, data, config: { ...config } },
      progress: progressOf(checkpoint),
      listeners,
    });
    return { trainer, learner, engine, data, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** What the configuration freezes, which is reported. */
function freezingFor(
  { config, onEvent }: Omit<TrainingRunOptions, 'data'>,
  model: Model,
): Freezing | undefined {
  const freezing = freezingOf(config, model);
  if (freezing) onEvent?.(noticeEvent('weights', () => freezing.notice));
  return freezing;
}

function earlyStopOf({ patience, patienceMetric: metric }: TrainConfig): EarlyStop | undefined {
  return patience === null ? undefined : { patience, metric };
}

/** The teacher of the configuration, if it has one. */
async function teacherOf(
  options: Omit<TrainingRunOptions, 'data'>,
  student: Student,
  opened: Opened,
): Promise<Teacher | undefined> {
  const { teacher } = options.config;
  if (teacher === null) return undefined;
  return opened.keep(await openTeacher(teacher, { ...student, onNotice: noticeOf(options) }));
}

/** The model of the configuration; the image files may decide its image size, which is reported. */
async function modelFor(
  { config, checkpoint, onEvent }: Omit<TrainingRunOptions, 'data'>,
  train: Dataset,
): Promise<Model> {
  const { imageSize, notice }: ImageSizeChoice = checkpoint?.model ?? (await chooseImageSize(config, train));
  if (notice) onEvent?.(noticeEvent('data', notice));
  return createModel(modelOptionsOf(config, train.classes.length, { imageSize, channels: train.channels }));
}

/**
 * The model of a configuration.
 *
 * @param data size and channels of its images; those of the configuration take precedence
 */
export function modelOptionsOf(
  config: TrainConfig,
  classes: number,
  data: { readonly imageSize?: number | undefined; readonly channels?: number | undefined },
): ModelOptions {
  const imageSize = config.imageSize ?? data.imageSize;
  const channels = config.imageChannels ?? data.channels;
  return { name: config.model, classes, imageSize, channels, ...families.optionsOf(config) };
}

async function makeLearner(
  engine: Engine,
  model: Model,
  { classes, labels }: Dataset,
  {
    config,
    checkpoint,
    onEvent,
    weights,
    ranks,
    ...own
  }: Omit<TrainingRunOptions, 'data'> & {
    readonly weights: PretrainedWeights | undefined;
    readonly ranks: LaunchedRanks;
  },
): Promise<Learner> {
  const classWeights = classWeightsOf(config.classWeights, { classes, labels });
  const { syncBatchNorm, seed, f32Steps, keepClassifier } = config;
  const clipNorm = config.clipNorm ?? undefined;
  const averageDecay = config.emaDecay ?? undefined;
  const {
    loss = lossOf(config, classWeights),
    optimizer = withConfiguredRates(optimizerOf(config), config, model),
  } = own;
  const learner = await Learner.create({
    engine,
    model,
    loss,
    optimizer,
    batchSize: partOf(config, ranks),
    ranks,
    syncBatchNorm,
    clipNorm,
    averageDecay,
    seed,
    f32Steps,
    softTargets: mixingOf(config) !== undefined,
  });
  if (checkpoint) await restoreLearner(learner, checkpoint);
  else if (weights) {
    const onNotice = noticeOf({ onEvent });
    await startFromWeights(learner, weights, { classes, keepClassifier, onNotice });
  }
  return learner;
}

/** Passes on what is said of weights. The run's own setting is not called as the option of functions that take weights. */
function noticeOf({ onEvent }: Pick<TrainingRunOptions, 'onEvent'>): NoticeListener {
  return (_, named) =>
    onEvent?.(noticeEvent('weights', (name) => named((key) => name(key === 'ema' ? 'pretrainedEma' : key))));
}

function policyOf(config: TrainConfig): { everyEpochs: number; everySeconds: number } {
  return { everyEpochs: config.saveEvery, everySeconds: config.checkpointSeconds };
}

function progressOf(checkpoint: Checkpoint | undefined): Progress | undefined {
  if (checkpoint && !checkpoint.training)
    throw new UserError(`${checkpoint.path} has only weights, not a run to resume`);
  return checkpoint?.training?.progress;
}
