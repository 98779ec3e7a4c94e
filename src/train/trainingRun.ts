import type { DatasetPair } from '../data/cifar.js';
import { limited } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import { createEngine } from '../engines/createEngine.js';
import type { Engine, EngineOptions } from '../engines/engine.js';
import { UserError } from '../errors.js';
import { biasLoss } from '../losses/biasLoss.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import { createModel } from '../models/registry.js';
import { cosine, multistep, type Schedule } from '../optim/schedule.js';
import { sgd } from '../optim/sgd.js';
import type { Checkpoint } from './checkpoint.js';
import { restoreLearner } from './checkpoint.js';
import type { TrainerListener } from './events.js';
import { Learner } from './learner.js';
import { loadPretrained } from './pretrained.js';
import { RunCheckpoints } from './runCheckpoints.js';
import type { TrainConfig } from './trainConfig.js';
import { NO_PROGRESS, Trainer } from './trainer.js';

/** What a training run needs besides its configuration. */
export interface TrainingRunOptions {
  readonly config: TrainConfig;
  readonly data: DatasetPair;
  /** Folder for checkpoints; none are written without it. */
  readonly folder?: string | undefined;
  /** Where to go on. */
  readonly checkpoint?: Checkpoint | undefined;
  readonly listeners?: readonly TrainerListener[];
  /** Called with what a person should know, such as which weights were taken. */
  readonly onNotice?: (text: string) => void;
}

/** A prepared run: call `trainer.run()`, then `close()`. */
export interface TrainingRun {
  readonly trainer: Trainer;
  readonly learner: Learner;
  readonly engine: Engine;
  close(): Promise<void>;
}

/** The learning rate's schedule that a configuration asks for. */
export function scheduleOf(config: TrainConfig): Schedule {
  const { baseLr, epochs, warmupEpochs, milestones } = config;
  return config.schedule === 'cosine'
    ? cosine({ baseLr, epochs, warmupEpochs })
    : multistep({ baseLr, milestones, warmupEpochs });
}

/**
 * Makes model, loss, optimiser, engine, loaders and trainer of a configuration.
 *
 * @throws UserError when the data does not fit the model or the batch, a checkpoint does not fit, or the engine is missing
 */
export async function prepareTraining(options: TrainingRunOptions): Promise<TrainingRun> {
  const { config, checkpoint } = options;
  const train = limited(options.data.train, config.limitTrain ?? undefined);
  const test = limited(options.data.test, config.limitTest ?? undefined);
  const model = createModel({
    name: config.model,
    classes: train.classes.length,
    imageSize: config.imageSize ?? train.imageSize,
    ratio: config.ratio ?? undefined,
    width: config.width ?? undefined,
  });
  const { imageSize } = model.config;
  const { batchSize, seed } = config;
  const loaderOptions = { batchSize, imageSize, workers: config.workers };
  const loaders = [new Loader(train, { ...loaderOptions, training: { seed } })];
  loaders.push(new Loader(test, loaderOptions));
  const closeAll = async (engine?: Engine): Promise<void> => {
    await Promise.all(loaders.map((loader) => loader.close()));
    await engine?.close();
  };
  let engine: Engine | undefined;
  try {
    engine = await createEngine(config.engine, engineOptions(config));
    const loss = config.loss === 'bias' ? biasLoss(config) : crossEntropyLoss(config);
    const learner = await Learner.create({ engine, model, loss, optimizer: sgd(config), batchSize, seed });
    if (checkpoint) await restoreLearner(learner, checkpoint);
    else if (config.pretrained !== null) await loadPretrained(learner, config.pretrained, options.onNotice);
    const { mean, std } = train.normalisation;
    const trainer = new Trainer({
      learner,
      train: loaders[0]!,
      test: loaders[1]!,
      images: { train: train.count, test: test.count },
      schedule: scheduleOf(config),
      epochs: config.epochs,
      checkpoints:
        options.folder === undefined ? undefined : new RunCheckpoints(options.folder, policyOf(config)),
      info: { model: model.config, data: { classes: train.classes, mean, std }, config: { ...config } },
      progress: progressOf(checkpoint),
      listeners: options.listeners ?? [],
    });
    const running = engine;
    return {
      trainer,
      learner,
      engine: running,
      close: async () => {
        await learner.close();
        await closeAll(running);
      },
    };
  } catch (error) {
    await closeAll(engine);
    throw error;
  }
}

function engineOptions({ threads, precision }: TrainConfig): EngineOptions {
  return { ...(threads !== null && { threads }), ...(precision !== 'auto' && { precision }) };
}

function policyOf(config: TrainConfig): { everyEpochs: number; everySeconds: number } {
  return { everyEpochs: config.saveEvery, everySeconds: config.checkpointSeconds };
}

function progressOf(checkpoint: Checkpoint | undefined): typeof NO_PROGRESS {
  if (!checkpoint) return NO_PROGRESS;
  if (!checkpoint.training)
    throw new UserError(`${checkpoint.path} holds weights alone, not a run to go on with`);
  return checkpoint.training.progress;
}
