import type { DatasetPair } from '../../data/dataset.js';
import { typicalSize } from '../../data/images/measure.js';
import { processorsAtHand } from '../../engines/host/processors.js';
import { errorMessage, UserError } from '../../errors.js';
import { knownWeights } from '../../models/knownWeights.js';
import { families } from '../../models/registry.js';
import { localWeights } from '../hub/localWeights.js';
import { newRunConfig } from '../openRun.js';
import { fetchPretrained } from '../pretrainedModel.js';
import { noticeEvent, type RunListener } from '../runEvents.js';
import { decidedThreads } from '../threads/decidedThreads.js';
import type { TrainConfig } from '../trainConfig.js';
import { type Choice, chooseModel, type Task } from './chooseModel.js';
import { chooseThreads } from './chooseThreads.js';
import { type Candidate, FRESH_RUNGS, ladderOf, PUBLISHED_RUNGS, type Rung } from './ladder.js';
import { measureTraining } from './measureTraining.js';

/** What a plan is made for. */
export interface PlanOptions {
  /** The images. */
  readonly data: DatasetPair;
  /** Settings that every run of the plan has: the data's, and what was given. */
  readonly settings: Partial<TrainConfig>;
  /** Seconds that are left, measuring and training included. */
  secondsLeft(): number;
  /** Called with what is being measured. */
  readonly onMeasure?: ((candidate: Candidate) => void) | undefined;
  readonly onEvent?: RunListener | undefined;
}

/** What is to be trained, and why. */
export interface Plan extends Choice {
  /** Settings of the run, beside the recipe `finetune`. */
  readonly settings: Partial<TrainConfig>;
  /** Models and sizes that there were to choose from. */
  readonly choices: number;
  /** Epochs that it should have. */
  readonly wanted: number;
  /** Why there are no pretrained weights; undefined if there are. */
  readonly withoutWeights: string | undefined;
}

/** Steps that a training should have, within a number of epochs; and the epochs that are too few. */
const EFFORT = {
  pretrained: { steps: 1500, epochs: [15, 60], least: 8 },
  fresh: { steps: 20_000, epochs: [60, 300], least: 30 },
} as const;

/** Share of the time that is left which training may take: the report, the export and its start need some. */
const FOR_TRAINING = 0.85;
/** Learning rate from scratch. */
const FRESH_RATE = 1e-3;

/**
 * Chooses model, image size and epochs for a data set and a budget of time. Published weights are taken if they are in the cache
 * or can be fetched; a smaller model with weights is preferred to a larger one without.
 *
 * @throws UserError when given weights cannot be had, or no model takes the images
 */
export async function planTraining(options: PlanOptions): Promise<Plan> {
  const planner = new Planner(options);
  const { pretrained, model } = options.settings;
  if (typeof pretrained === 'string') return planner.from(await givenRung(options), undefined);
  const [weights] = model === undefined ? [] : knownWeights(model);
  const rungs = model === undefined ? PUBLISHED_RUNGS : weights === undefined ? [] : [{ model, weights }];
  const found = rungs.length > 0 ? await planner.withPublished(rungs) : `no weights of ${model} are known`;
  if (typeof found !== 'string') return found;
  const own = { model: model ?? '', options: families.optionsOf(options.settings) };
  return planner.from(model === undefined ? FRESH_RUNGS : [own], found);
}

/** The model of given weights. */
async function givenRung({ settings, onEvent }: PlanOptions): Promise<Rung[]> {
  const own = await fetchPretrained(settings, onEvent);
  const model = settings.model ?? own.model!;
  const options = families.optionsOf({ ...own, ...settings });
  return [{ model, options, weights: settings.pretrained ?? undefined }];
}

class Planner {
  /** Threads that models are measured on, where they are chosen: the run itself takes as many as pay. */
  private threads: Partial<TrainConfig> = {};

  constructor(private readonly options: PlanOptions) {}

  /**
   * A plan with published weights, or why there is none. Those of the smallest model are asked for first: without a network it shows
   * before anything is measured, and then only what is in the cache is looked for.
   */
  async withPublished(rungs: readonly Rung[]): Promise<Plan | string> {
    const [smallest, ...larger] = rungs;
    const why = await this.lackOf(smallest!.weights);
    let left: readonly Rung[] = why === undefined ? rungs : await this.available(larger);
    while (left.length > 0) {
      const plan = await this.from(left, undefined);
      const { weights } = plan.candidate;
      if ((await this.lackOf(weights)) === undefined) return plan;
      left = left.filter((rung) => rung.weights !== weights);
    }
    return why ?? 'none could be fetched';
  }

  private async available(rungs: readonly Rung[]): Promise<Rung[]> {
    const found: Rung[] = [];
    for (const rung of rungs) if ((await this.lackOf(rung.weights)) === undefined) found.push(rung);
    return found;
  }

  /** Why published weights cannot be had; undefined if they can, which fetches them. */
  private async lackOf(weights = ''): Promise<string | undefined> {
    try {
      // A retry would only take time of the budget.
      await localWeights(weights, this.options.onEvent, { attempts: 1 });
      return undefined;
    } catch (error) {
      if (error instanceof UserError) return errorMessage(error);
      throw error;
    }
  }

  /** The best of some models. */
  async from(rungs: readonly Rung[], withoutWeights: string | undefined): Promise<Plan> {
    const { data, settings } = this.options;
    const { train, test } = data;
    const pretrained = withoutWeights === undefined;
    const typical = (train.kind === 'images' ? await typicalSize(train) : train.imageSize) ?? 224;
    const ladder = ladderOf(rungs, {
      classes: train.classes.length,
      typical,
      pretrained,
      imageSize: settings.imageSize ?? undefined,
    });
    const effort = pretrained ? EFFORT.pretrained : EFFORT.fresh;
    const batchSize = batchFor(train.count);
    const steps = Math.floor(train.count / batchSize);
    const [fewest, most] = effort.epochs;
    const wanted = Math.max(fewest, Math.min(most, Math.ceil(effort.steps / steps)));
    const task: Task = {
      trainImages: train.count,
      testImages: test.count,
      wanted,
      least: effort.least,
      secondsLeft: () => Math.max(0, FOR_TRAINING * this.options.secondsLeft()),
      measure: (candidate) => this.measure(candidate, batchSize),
    };
    await this.chooseThreads(ladder, batchSize);
    const choice = await chooseModel(ladder, task);
    const epochs = settings.epochs ?? choice.epochs;
    const rate = pretrained ? {} : { baseLr: FRESH_RATE };
    const chosen = { ...settingsOf(choice.candidate), ...rate, batchSize, epochs };
    return {
      ...choice,
      epochs,
      wanted,
      choices: ladder.length,
      withoutWeights,
      settings: { ...chosen, ...settings },
    };
  }

  /** Decides the threads of the measurements that follow, unless a number is given, in the settings or by `BIASLOSS_THREADS`. */
  private async chooseThreads([smallest]: readonly Candidate[], batchSize: number): Promise<void> {
    if (decidedThreads(this.options.settings.threads) !== undefined || !smallest) return;
    const threads = await chooseThreads({
      threads: processorsAtHand(),
      measure: (count) => this.measure(smallest, batchSize, { threads: count }),
    });
    if (threads === undefined) return;
    this.threads = { threads };
    const text =
      'models are measured on one thread: the machine is busy, and several would be slower, as they wait for each other';
    this.options.onEvent?.(noticeEvent('settings', () => text));
  }

  private async measure(
    candidate: Candidate,
    batchSize: number,
    threads: Partial<TrainConfig> = this.threads,
  ): Promise<number> {
    const { settings, data, onMeasure } = this.options;
    onMeasure?.(candidate);
    const all = { ...settingsOf(candidate), batchSize, ...settings, ...threads };
    // Of the weights only the computation matters, which is the same without them.
    const { pretrained: _, ...others } = all;
    const config = await newRunConfig({ recipe: 'finetune', settings: others });
    return measureTraining(config, data);
  }
}

function settingsOf({ model, options, imageSize, weights }: Candidate): Partial<TrainConfig> {
  return { model, ...options, imageSize, ...(weights !== undefined && { pretrained: weights }) };
}

/** Images of a batch: the recipe's 16, or half of the training images where they are fewer than 32. */
function batchFor(images: number): number {
  return Math.max(1, Math.min(16, Math.floor(images / 2)));
}
