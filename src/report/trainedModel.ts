import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import type { Preprocessing } from '../data/preprocessing.js';
import { createEngine } from '../engines/createEngine.js';
import type { Engine, Executable, Variables } from '../engines/engine.js';
import { UserError } from '../errors.js';
import { RUNNING_MIN } from '../losses/biasLoss.js';
import type { Model } from '../models/model.js';
import { createModel } from '../models/registry.js';
import { readCheckpoint } from '../runs/checkpoint.js';
import { engineOptionsOf } from '../runs/engineOptions.js';
import { LAST_CHECKPOINT } from '../runs/runFolder.js';
import { withRestoredPaths } from '../runs/settings/paths.js';
import { settingsOfRun } from '../runs/settings/saved.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import type { Checkpoint } from '../train/learnerState.js';
import { preprocessingOf } from '../train/preprocessing.js';
import { evaluationProgram } from '../train/programs.js';
import { checkStateDict, floatsOf } from '../train/stateDict.js';
import { isTrainingState } from '../train/weights.js';
import { gradCamProgram } from './analysis/gradCam.js';
import { inputsOf } from './analysis/modelImages.js';
import { OutcomeCollector, type Outcomes } from './analysis/outcomes.js';
import { type ImageChoice, imagesOfRun, type LookedAt } from './imagesOfRun.js';
import type { ImageVectors } from './inspect/imageVectors.js';

/** Images of a batch, unless the run's has fewer. */
const BATCH = 64;

/** A heat map over an image. */
export interface ImageHeat {
  readonly index: number;
  /** The model's input: normalised, [C, S, S]. */
  readonly input: Float32Array;
  /** [height, width], not negative. */
  readonly heat: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** The model that a run has trained, with the run's test images. */
export class TrainedModel {
  private constructor(
    /** The checkpoint's file. */
    readonly path: string,
    readonly config: TrainConfig,
    private readonly looked: LookedAt,
    /** The smallest variance that the bias loss met in training; undefined if the run's loss keeps none. */
    readonly runningMin: number | undefined,
    readonly preprocessing: Preprocessing,
    private readonly model: Model,
    private readonly engine: Engine,
    private readonly values: Variables,
  ) {}

  /**
   * Opens a run's best checkpoint, or else its last, with the data and the engine of its settings.
   *
   * @throws UserError when the checkpoint or the data is missing or damaged, or they do not fit
   */
  static async open(folder: string, choice: ImageChoice = {}): Promise<TrainedModel> {
    const checkpoint = readCheckpoint(checkpointOf(folder));
    const config = configOf(checkpoint, folder);
    const looked = await imagesOfRun(folder, { config, checkpoint, choice });
    const model = createModel(checkpoint.model);
    const preprocessing = preprocessingOf(checkpoint);
    const engine = await createEngine(config.engine, engineOptionsOf(config));
    try {
      const values = await valuesOf(engine, model, checkpoint);
      const { path } = checkpoint;
      const least = runningMinOf(checkpoint);
      return new TrainedModel(path, config, looked, least, preprocessing, model, engine, values);
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** The images that are looked at. */
  get test(): Dataset {
    return this.looked.test;
  }

  /** Images of the whole part. */
  get testImages(): number {
    return this.looked.ofImages;
  }

  /** A sentence about how the images have changed since the run; undefined where they have not. */
  get changes(): string | undefined {
    return this.looked.changes;
  }

  /**
   * The model's results on images.
   *
   * @param vectors is given what the images are compared by
   * @param test the images. Default: the test images
   */
  async outcomes({
    vectors,
    test = this.test,
  }: {
    readonly vectors?: ImageVectors | undefined;
    readonly test?: Dataset;
  } = {}): Promise<Outcomes> {
    const { preprocessing } = this;
    const batchSize = this.batchSizeFor(test);
    const { imageSize } = preprocessing;
    const also = { featureVariance: true, pooled: vectors !== undefined };
    const program = evaluationProgram(this.model, batchSize, also);
    const executable = await this.engine.compile(program, { variables: this.values, frozen: true });
    const { channels } = this.model;
    const { workers } = this.config;
    const loader = new Loader(test, { batchSize, imageSize, channels, preprocessing, workers });
    const collector = new OutcomeCollector(test.classes, test.count);
    try {
      for await (const { images, labels, count } of loader.epoch(0)) {
        vectors?.addImages(images, count, { channels, size: imageSize });
        const outputs = await executable.run({ images });
        const { logits, featureVariance } = outputs as Record<'logits' | 'featureVariance', Float32Array>;
        collector.add({ logits, variances: featureVariance, labels, count });
        vectors?.addFeatures(outputs.pooled as Float32Array, count, batchSize);
      }
    } finally {
      await loader.close();
      await executable.close();
    }
    return collector.result();
  }

  /** Grad-CAM of test images toward a class of each. */
  async heat(indices: readonly number[], classes: readonly number[]): Promise<ImageHeat[]> {
    const batchSize = Math.max(1, Math.min(indices.length, this.batchSizeFor(this.test)));
    const program = gradCamProgram(this.model, batchSize);
    const [, height, width] = program.values[program.outputs.heat!]!.shape as [number, number, number];
    const executable = await this.engine.compile(program, { variables: this.values, precision: 'f32' });
    try {
      const found: ImageHeat[] = [];
      for await (const batch of inputsOf(this.test, indices, { ...this, batchSize })) {
        const inputs = batch.images.slice();
        const chosen = this.oneHot(
          classes.slice(found.length, found.length + batch.indices.length),
          batchSize,
        );
        const maps = await runHeat(executable, batch.images, chosen);
        for (const [n, index] of batch.indices.entries())
          found.push({
            index,
            input: part(inputs, n, batchSize),
            heat: part(maps, n, batchSize),
            height,
            width,
          });
      }
      return found;
    } finally {
      await executable.close();
    }
  }

  /** Frees the engine. */
  async close(): Promise<void> {
    await this.values.dispose();
    await this.engine.close();
  }

  private batchSizeFor({ count }: Dataset): number {
    return Math.min(BATCH, this.config.batchSize, count);
  }

  private oneHot(classes: readonly number[], batchSize: number): Float32Array {
    const chosen = new Float32Array(batchSize * this.model.config.classes);
    for (const [n, label] of classes.entries()) chosen[n * this.model.config.classes + label] = 1;
    return chosen;
  }
}

async function runHeat(
  executable: Executable,
  images: Float32Array,
  chosen: Float32Array,
): Promise<Float32Array> {
  const { heat } = await executable.run({ images, chosen });
  return heat as Float32Array;
}

/** Part `n` of `parts` equal ones, copied. */
function part(values: Float32Array, n: number, parts: number): Float32Array {
  const length = values.length / parts;
  return values.slice(n * length, (n + 1) * length);
}

function checkpointOf(folder: string): string {
  const found = ['best.safetensors', LAST_CHECKPOINT]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new UserError(`${folder} has no checkpoint yet`);
  return found;
}

function configOf({ training, path }: Checkpoint, folder: string): TrainConfig {
  if (!training) throw new UserError(`${path} holds weights alone, not a run`);
  return withRestoredPaths(settingsOfRun(training.config, path), folder, () => undefined);
}

function runningMinOf({ tensors }: Checkpoint): number | undefined {
  const tensor = tensors.get(RUNNING_MIN);
  return tensor && floatsOf(tensor)[0];
}

async function valuesOf(engine: Engine, model: Model, { tensors }: Checkpoint): Promise<Variables> {
  const entries = model.stateEntries();
  const state = new Map([...tensors].filter(([name]) => !isTrainingState(name)));
  checkStateDict(state, entries, false);
  const wanted = entries.filter(({ kind }) => kind !== 'counter');
  const values = await engine.variables(wanted);
  await values.write(new Map(wanted.map(({ name }) => [name, floatsOf(state.get(name)!)])));
  return values;
}
