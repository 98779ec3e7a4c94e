import { normalisationFor } from '../data/channels.js';
import type { Dataset, DatasetPair } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { standardPreprocessing } from '../data/preprocessing.js';
import { createEngine } from '../engines/createEngine.js';
import type { Engine, EngineOptions } from '../engines/engine.js';
import { type SettingText, UserError } from '../errors.js';
import { biasLoss } from '../losses/biasLoss.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import type { Loss } from '../losses/loss.js';
import type { Model } from '../models/model.js';
import { createModel, families, type ModelOptions } from '../models/registry.js';
import type { Optimizer } from '../optim/optimizer.js';
import { cosine, multistep, type Schedule } from '../optim/schedule.js';
import { sgd } from '../optim/sgd.js';
import type { DataDescription, Progress } from '../train/checkpointInfo.js';
import type { TrainerListener } from '../train/events.js';
import { Learner } from '../train/learner.js';
import { describeData, preprocessingOf } from '../train/preprocessing.js';
import { Trainer } from '../train/trainer.js';
import { type Checkpoint, restoreLearner } from './checkpoint.js';
import { asResumedClasses } from './classMapping.js';
import { chooseImageSize, type ImageSizeChoice } from './imageSizeChoice.js';
import { loadPretrained } from './pretrained.js';
import { RunCheckpoints } from './runCheckpoints.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import type { TrainConfig } from './trainConfig.js';
import { transformsOf } from './transformsOf.js';

/** What a training run needs besides its configuration. */
export interface TrainingRunOptions {
  readonly config: TrainConfig;
  /** The images, already limited as configured. */
  readonly data: DatasetPair;
  /** Your own model. Default: the configured one. */
  readonly model?: Model | undefined;
  /** Your own loss. Default: the configured one. */
  readonly loss?: Loss | undefined;
  /** Your own optimiser. Default: SGD, as configured. */
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

/** The learning rate schedule of a configuration. */
export function scheduleOf(config: TrainConfig): Schedule {
  const { baseLr, epochs, warmupEpochs, milestones } = config;
  return config.schedule === 'cosine'
    ? cosine({ baseLr, epochs, warmupEpochs })
    : multistep({ baseLr, milestones, warmupEpochs });
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
  const { config, folder, checkpoint } = options;
  const model = options.model ?? (await modelFor(options, train));
  const { imageSize } = model.config;
  const standard = checkpoint
    ? preprocessingOf(checkpoint, imageSize)
    : standardPreprocessing(train, imageSize, train.kind === 'images' ? config.exif : undefined);
  const preprocessing = { ...standard, ...normalisationFor(standard, model.channels) };
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const resource of opened.splice(0).reverse()) await resource.close();
  };
  const keep = <T extends { close(): Promise<void> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const { batchSize, workers, seed } = config;
    const loading = { batchSize, workers, imageSize, channels: model.channels, preprocessing };
    const training = { seed, transforms: transformsOf(config) };
    const trainLoader = keep(new Loader(train, { ...loading, training }));
    const testLoader = keep(new Loader(test, loading));
    const engine = keep(await createEngine(config.engine, engineOptionsOf(config)));
    const learner = keep(await makeLearner(engine, model, train.classes, options));
    const described = describeData(train.classes, preprocessing);
    const trainer = new Trainer({
      learner,
      train: trainLoader,
      test: testLoader,
      images: { train: train.count, test: test.count },
      schedule: scheduleOf(config),
      epochs: config.epochs,
      accumulate: config.accumulate,
      checkpoints: folder === undefined ? undefined : new RunCheckpoints(folder, policyOf(config)),
      info: {
        model: model.config,
        data: described,
        config: { ...config },
      },
      progress: progressOf(checkpoint),
      listeners: options.listeners ?? [],
    });
    return { trainer, learner, engine, data: described, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
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

/** The loss of a configuration. */
export function lossOf(config: TrainConfig): Loss {
  return config.loss === 'bias' ? biasLoss(config) : crossEntropyLoss(config);
}

async function makeLearner(
  engine: Engine,
  model: Model,
  classes: readonly string[],
  { config, checkpoint, onEvent, ...own }: Omit<TrainingRunOptions, 'data'>,
): Promise<Learner> {
  const { batchSize, seed, f32Steps, pretrained, pretrainedEma: ema, keepClassifier } = config;
  const clipNorm = config.clipNorm ?? undefined;
  const { loss = lossOf(config), optimizer = sgd(config) } = own;
  const learner = await Learner.create({
    engine,
    model,
    loss,
    optimizer,
    batchSize,
    clipNorm,
    seed,
    f32Steps,
  });
  if (checkpoint) await restoreLearner(learner, checkpoint);
  else if (pretrained !== null) {
    // The run's own setting is not called as the option of loadPretrained.
    const onNotice = (_: string, named: SettingText): void =>
      onEvent?.(
        noticeEvent('weights', (name) => named((key) => name(key === 'ema' ? 'pretrainedEma' : key))),
      );
    await loadPretrained(learner, pretrained, { classes, keepClassifier, ema, onNotice });
  }
  return learner;
}

/** Threads and precision as an engine takes them. */
export function engineOptionsOf({
  threads,
  precision,
}: Pick<TrainConfig, 'threads' | 'precision'>): EngineOptions {
  return { ...(threads !== null && { threads }), precision };
}

function policyOf(config: TrainConfig): { everyEpochs: number; everySeconds: number } {
  return { everyEpochs: config.saveEvery, everySeconds: config.checkpointSeconds };
}

function progressOf(checkpoint: Checkpoint | undefined): Progress | undefined {
  if (checkpoint && !checkpoint.training)
    throw new UserError(`${checkpoint.path} has only weights, not a run to resume`);
  return checkpoint?.training?.progress;
}
