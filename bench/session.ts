import { sleepSoonWhenIdle } from '../src/engines/host/idle.js';
import {
  biasLoss,
  createEngine,
  createModel,
  type Engine,
  engineChoices,
  Learner,
  sgd,
} from '../src/index.js';
import { families } from '../src/models/registry.js';
import { readWeights } from '../src/runs/weights.js';
import { formulaImages } from './formulaImages.js';
import { normalNumbers } from './normalNumbers.js';
import type { Request, SetupReply } from './protocol.js';
import type { Steps, StepTime } from './steps.js';
import { validationSteps } from './validation.js';

type Setup = Extract<Request, { cmd: 'setup' }>;

/** A model in one configuration, ready to be timed. */
export interface Session {
  readonly reply: SetupReply;
  /** One step; its seconds, and the loss in training. */
  step(): Promise<StepTime>;
  /** Logits [batch, classes] of {@link formulaImages} with the weights of a file, in evaluation mode. */
  logits(weights: string): Promise<number[]>;
  close(): Promise<void>;
}

/**
 * Makes a session.
 *
 * @throws UserError for a model, folder or engine that does not exist
 */
export async function setUp(request: Setup): Promise<Session> {
  const { model: name, classes, image_size: imageSize, batch, threads, precision } = request;
  const model = createModel({ name, classes, imageSize, ...families.optionsOf(request) });
  const choice = engineChoices.find((known) => known === request.engine) ?? 'auto';
  if (request.mode === 'validate') sleepSoonWhenIdle();
  const engine = await createEngine(choice, { threads, precision });
  try {
    const learner = await Learner.create({
      engine,
      model,
      loss: biasLoss(),
      optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
      batchSize: batch,
    });
    const steps = await stepsOf(request, learner);
    return {
      reply: {
        parameters: model.parameterCount,
        images_per_step: steps.imagesPerStep,
        version: versionOf(engine),
      },
      step: () => steps.step(),
      logits: (weights) => logitsWith(learner, weights),
      close: async () => {
        await steps.close?.();
        await learner.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function stepsOf(request: Setup, learner: Learner): Promise<Steps> {
  if (request.mode !== 'train') await learner.beginEvaluation();
  switch (request.mode) {
    case 'train':
      return trainingSteps(learner);
    case 'eval':
      return evaluationSteps(learner);
    case 'validate':
      return validationSteps(learner, request);
  }
}

/** Forward, loss, backward and update, on one random batch. */
function trainingSteps(learner: Learner): Steps {
  const { classes } = learner.model.config;
  const images = randomImages(learner);
  const labels = Int32Array.from({ length: learner.batchSize }, (_, i) => (i * 7 + 3) % classes);
  let steps = 0;
  const step = async (): Promise<StepTime> => {
    // The engine takes a batch's buffers over; a loader's making of them is no part of a step on either side.
    const batch = { images: images.slice(), labels: labels.slice() };
    const start = performance.now();
    const { loss } = await learner.step(batch, { learningRate: 0.1, step: steps++ });
    return { seconds: (performance.now() - start) / 1000, loss };
  };
  return { imagesPerStep: learner.batchSize, step };
}

/** Forward passes in evaluation mode, on one random batch. */
function evaluationSteps(learner: Learner): Steps {
  const images = randomImages(learner);
  const step = async (): Promise<StepTime> => {
    const batch = images.slice();
    const start = performance.now();
    await learner.predict(batch);
    return { seconds: (performance.now() - start) / 1000, loss: null };
  };
  return { imagesPerStep: learner.batchSize, step };
}

/** @throws UserError when the file's weights are not the model's */
async function logitsWith(learner: Learner, weights: string): Promise<number[]> {
  await learner.endEvaluation();
  await learner.loadStateDict(readWeights(weights).tensors);
  await learner.beginEvaluation();
  const { logits } = await learner.predict(formulaImages(learner));
  return Array.from(logits);
}

function versionOf({ name, description }: Engine): string {
  return `${name}: ${description}`;
}

/** A batch of roughly normal numbers, the same every time. */
export function randomImages({ batchSize, model }: Learner): Float32Array {
  return normalNumbers(batchSize * 3 * model.config.imageSize ** 2);
}
