import type { Dataset, DatasetPair } from '../data/dataset.js';
import type { Loader } from '../data/loader.js';
import { type LaunchedRanks, launchedRanks } from '../distributed/launcher.js';
import { createEngine } from '../engines/createEngine.js';
import type { Engine, EngineOptions } from '../engines/engine.js';
import type { NoticeListener } from '../errors.js';
import type { Loss } from '../losses/loss.js';
import type { Model } from '../models/model.js';
import { createModel } from '../models/registry.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { DataDescription } from '../train/checkpointInfo.js';
import { Learner } from '../train/learner.js';
import { type Checkpoint, restoreLearner } from '../train/learnerState.js';
import { describeData } from '../train/preprocessing.js';
import { RankSums } from '../train/rankSums.js';
import type { Teacher } from '../train/teacher.js';
import type { Freezing } from '../train/trainerOptions.js';
import { classWeightsOf, expectSameWeights } from './classWeights.js';
import { engineOptionsOf } from './engineOptions.js';
import { freezingOf, withConfiguredRates } from './fineTuning.js';
import { chooseImageSize, type ImageSizeChoice } from './imageSizeChoice.js';
import { modelOptionsOf } from './modelOptions.js';
import { startFromWeights } from './pretrained.js';
import { type PretrainedWeights, pretrainedWeights } from './pretrainedModel.js';
import { partOf } from './rankShare.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import { Opened, openLoaders, preprocessingFor } from './runLoaders.js';
import { expectSameStart, expectSameValues } from './sameStart.js';
import { openTeacher, type Student } from './teacher.js';
import { expectTrainableBatch } from './trainableBatch.js';
import type { TrainConfig } from './trainConfig.js';
import { lossOf, optimizerOf } from './trainingParts.js';
import { mixingOf } from './transformsOf.js';

/** What the parts of a run are made of. */
export interface PartsOptions {
  readonly config: TrainConfig;
  /** Your own model. Default: the configured one. */
  readonly model?: Model | undefined;
  /** Your own loss. Default: the configured one. */
  readonly loss?: Loss | undefined;
  /** Your own optimiser. Default: the configured one. */
  readonly optimizer?: Optimizer | undefined;
  /** Where to resume. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Threads that the engine starts with. Default: as configured. */
  readonly threads?: number | undefined;
  /** Called with notices, such as which weights were taken. */
  readonly onEvent?: RunListener | undefined;
}

/** All that trains, before anything is trained. */
export interface RunParts {
  readonly learner: Learner;
  readonly engine: Engine;
  readonly train: Loader;
  readonly test: Loader;
  readonly teacher: Teacher | undefined;
  readonly freezing: Freezing | undefined;
  /** The factor of each class in the configured loss. */
  readonly classWeights: readonly number[] | undefined;
  /** Classes and preprocessing of the images. */
  readonly data: DataDescription;
  /** Stops the engine and the loaders. */
  close(): Promise<void>;
}

/**
 * Makes the model, loss, optimiser, engine, learner and loaders of a configuration.
 *
 * @param data whose labels are already those of the run to resume
 * @throws UserError when the data does not fit the model or the batch, a checkpoint does not fit, or the engine is missing
 */
export async function openParts({ train, test }: DatasetPair, options: PartsOptions): Promise<RunParts> {
  const { config, checkpoint } = options;
  const model = options.model ?? (await modelFor(options, train));
  const ranks = launchedRanks();
  expectTrainableBatch(model, config, ranks);
  const weights = checkpoint ? undefined : await pretrainedWeights(config, options.onEvent);
  const preprocessing = preprocessingFor(options, train, { model, weights });
  const opened = new Opened();
  try {
    const loaders = openLoaders(
      { train, test },
      { config, ranks, model, preprocessing, onEvent: options.onEvent },
      opened,
    );
    const { precision } = config;
    const { threads = config.threads } = options;
    const engineOptions: EngineOptions = {
      ...engineOptionsOf({ threads, precision }),
      choices: checkpoint?.training?.choices ?? {},
      onMeasuring: (progress) => options.onEvent?.({ event: 'measuring', ...progress }),
    };
    const engine = opened.keep(await createEngine(config.engine, engineOptions, ranks));
    noticeOtherEngine(engine, options);
    const classWeights = weightsOfClasses(train, options);
    const sums = opened.keep(new RankSums(engine, ranks));
    await expectSameStart(sums, { config, data: { train, test }, classWeights });
    const own = { ...options, weights, ranks, classWeights };
    const learner = opened.keep(await makeLearner(engine, model, train, own));
    const teacher = await teacherOf(
      options,
      { engine, model, batchSize: learner.batchSize, classes: train.classes, preprocessing },
      opened,
    );
    await expectSameValues(learner, checkpoint);
    const data = describeData(train.classes, preprocessing);
    const freezing = freezingFor(options, model);
    const close = () => opened.close();
    return { learner, engine, ...loaders, teacher, freezing, classWeights, data, close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Gives notice when a run resumes on a different engine: results may differ in the last bits. */
function noticeOtherEngine({ description }: Engine, { checkpoint, onEvent }: PartsOptions): void {
  const before = checkpoint?.training?.engine;
  if (before === undefined || before === description) return;
  const text = `the checkpoint was saved with ${before}, and training resumes with ${description}: results may differ in the last bits from an uninterrupted run`;
  onEvent?.(noticeEvent('settings', () => text));
}

/** The factor of each class in the configured loss: as it was, where the run is resumed. */
function weightsOfClasses(
  { classes, labels }: Dataset,
  { config, checkpoint, onEvent }: PartsOptions,
): readonly number[] | undefined {
  const choice = config.classWeights;
  const now = classWeightsOf(choice, { classes, labels });
  const before = checkpoint?.training?.classWeights;
  const onNotice = (text: string): void => onEvent?.(noticeEvent('data', () => text));
  expectSameWeights({ choice, classes, before, now, onNotice });
  return now;
}

/** What the configuration freezes, which is reported. */
function freezingFor({ config, onEvent }: PartsOptions, model: Model): Freezing | undefined {
  const freezing = freezingOf(config, model);
  if (freezing) onEvent?.(noticeEvent('weights', () => freezing.notice));
  return freezing;
}

/** The teacher of the configuration, if it has one. */
async function teacherOf(
  options: PartsOptions,
  student: Student,
  opened: Opened,
): Promise<Teacher | undefined> {
  const { teacher } = options.config;
  if (teacher === null) return undefined;
  return opened.keep(await openTeacher(teacher, { ...student, onNotice: noticeOf(options) }));
}

/** The model of the configuration; the image files may decide its image size, which is reported. */
async function modelFor({ config, checkpoint, onEvent }: PartsOptions, train: Dataset): Promise<Model> {
  const { imageSize, notice }: ImageSizeChoice = checkpoint?.model ?? (await chooseImageSize(config, train));
  if (notice) onEvent?.(noticeEvent('data', notice));
  return createModel(modelOptionsOf(config, train.classes.length, { imageSize, channels: train.channels }));
}

async function makeLearner(
  engine: Engine,
  model: Model,
  { classes }: Dataset,
  {
    config,
    checkpoint,
    onEvent,
    weights,
    ranks,
    classWeights,
    ...own
  }: PartsOptions & {
    readonly weights: PretrainedWeights | undefined;
    readonly ranks: LaunchedRanks;
    readonly classWeights: readonly number[] | undefined;
  },
): Promise<Learner> {
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
    // Of tf32 no first steps are wanted.
    f32Steps: config.precision === 'tf32' ? 0 : f32Steps,
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
function noticeOf({ onEvent }: Pick<PartsOptions, 'onEvent'>): NoticeListener {
  return (_, named) =>
    onEvent?.(noticeEvent('weights', (name) => named((key) => name(key === 'ema' ? 'pretrainedEma' : key))));
}
