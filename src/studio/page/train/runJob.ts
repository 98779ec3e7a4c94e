import { PixelBatches } from '../../../data/pixelBatches.js';
import type { Engine } from '../../../engines/engine.js';
import { biasLoss } from '../../../losses/biasLoss.js';
import { crossEntropyLoss } from '../../../losses/crossEntropy.js';
import type { Model } from '../../../models/model.js';
import { createModel } from '../../../models/registry.js';
import { cosine } from '../../../optim/schedule.js';
import { sgd } from '../../../optim/sgd.js';
import type { Checkpoints } from '../../../train/checkpoints.js';
import type { TrainerListener } from '../../../train/events.js';
import { Learner } from '../../../train/learner.js';
import { parseCheckpoint, restoreLearner } from '../../../train/learnerState.js';
import { describeData } from '../../../train/preprocessing.js';
import { Trainer } from '../../../train/trainer.js';
import { PAGE_MODELS, type TrainingJob, type TrainingPlan } from './plan.js';

/** What a training is run with. */
export interface JobOptions {
  readonly engine: Engine;
  readonly checkpoints: Checkpoints;
  readonly listener: TrainerListener;
  /** Bytes of the checkpoint to resume from; without them the training is new. */
  readonly from?: Uint8Array | undefined;
}

/** The model of a plan. @throws UsageError when it does not take images of that size */
export function modelOfPlan({ model, imageSize }: TrainingPlan, classes: number): Model {
  const { name, hyperparameters } = PAGE_MODELS[model];
  return createModel({ name, classes, imageSize, ...hyperparameters });
}

/**
 * Prepares a training: the program that `biasloss train` runs, with images in memory. What it holds is in the engine, and freed
 * with it.
 *
 * @throws UserError when the plan does not fit the data, or the checkpoint the plan
 */
export async function prepareJob({ plan, data }: TrainingJob, options: JobOptions): Promise<Trainer> {
  const { engine, checkpoints, listener, from } = options;
  const { sets, preprocessing } = data;
  const { batchSize, epochs, seed, baseLr } = plan;
  const model = modelOfPlan(plan, sets.train.classes.length);
  const train = new PixelBatches(sets.train, { batchSize, training: { seed } });
  const evaluationBatchSize = Math.min(64, sets.test.count);
  const test = new PixelBatches(sets.test, { batchSize: evaluationBatchSize });
  const loss = plan.loss === 'bias' ? biasLoss() : crossEntropyLoss();
  const learner = await Learner.create({
    ...{ engine, model, batchSize, evaluationBatchSize, seed, loss },
    optimizer: sgd(),
  });
  const checkpoint = from && parseCheckpoint(from, 'the stored training');
  if (checkpoint) await restoreLearner(learner, checkpoint);
  const described = describeData(sets.train.classes, preprocessing);
  return new Trainer({
    ...{ learner, train, test, epochs, checkpoints },
    images: { train: sets.train.count, test: sets.test.count },
    schedule: cosine({ baseLr, epochs }),
    info: { model: model.config, data: described, config: { ...plan } },
    progress: checkpoint?.training?.progress,
    listeners: [listener],
  });
}
