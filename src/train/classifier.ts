import type { Engine, Executable, Variables } from '../engines/engine.js';
import type { ImageBytes } from '../engines/imageBytes.js';
import { UsageError, UserError } from '../errors.js';
import { freeze } from '../graph/freeze.js';
import { describeModel, type ModelDescription } from '../models/describe.js';
import type { Model, ModelConfig } from '../models/model.js';
import { createModel } from '../models/registry.js';
import type { DataDescription } from './checkpointInfo.js';
import { expectFiniteImages } from './finite.js';
import { describeData, preprocessingOf } from './preprocessing.js';
import { type EvaluationOptions, evaluationProgram } from './programs.js';
import { checkStateDict, floatsOf, type StateDictTensors } from './stateDict.js';
import { parseWeights } from './weights.js';

/** Options of a classifier. */
export interface ClassifierOptions {
  /** Runs the program; the classifier does not close it. */
  readonly engine: Engine;
  readonly model: Model;
  /** The model's values. */
  readonly tensors: StateDictTensors;
  /** Names of the classes and the images' mean and deviation, for {@link Classifier.classify} and {@link Classifier.describe}. */
  readonly data?: DataDescription | undefined;
  /** Images that are computed at a time. Default 1. */
  readonly batchSize?: number | undefined;
}

/** Logits of a batch, and what else was asked for. */
export interface Predictions {
  /** [N, classes] */
  readonly logits: Float32Array;
  /** Last feature map, [N, C, H, W]. */
  readonly features?: Float32Array;
  /** Of each image's last feature map, [N]. */
  readonly featureVariance?: Float32Array;
}

/** A class with its probability. */
export interface ClassGuess {
  readonly label: number;
  readonly name: string;
  /** By softmax, from 0 to 1. */
  readonly probability: number;
}

/** Description of a classifier. */
export interface ClassifierDescription extends ModelDescription {
  readonly model: ModelConfig;
  /** Absent if neither the file nor the options have it. */
  readonly data?: DataDescription;
}

/**
 * A trained model for inference: its values are constants of one program, with batch normalisation folded
 * into convolutions. It needs neither loss nor optimiser, and shares nothing with other users of the engine.
 */
export class Classifier {
  private constructor(
    private readonly options: Pick<ClassifierOptions, 'model' | 'data' | 'batchSize'>,
    private readonly executable: Executable,
  ) {}

  /** @throws UserError listing tensors that are missing, unexpected or misshapen */
  static async create(options: ClassifierOptions): Promise<Classifier> {
    const { engine, model, tensors, batchSize = 1 } = options;
    checkStateDict(tensors, model.stateEntries(), false);
    const values = new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)]));
    return new Classifier(options, await engine.compile(freeze(evaluationProgram(model, batchSize), values)));
  }

  /**
   * A classifier with the present values of variables in an engine; later changes of them do not reach it.
   *
   * @param options also: outputs of {@link predictBatch} besides the logits
   */
  static async ofVariables(
    options: Pick<ClassifierOptions, 'engine' | 'model' | 'batchSize' | 'data'> & {
      readonly variables: Variables;
      readonly also?: EvaluationOptions | undefined;
    },
  ): Promise<Classifier> {
    const { engine, model, batchSize = 1, variables, also } = options;
    const program = evaluationProgram(model, batchSize, also);
    return new Classifier(options, await engine.compile(program, { variables, frozen: true }));
  }

  /**
   * The classifier in the bytes of a checkpoint of this library.
   *
   * @param options name: what messages call the file, default `the checkpoint`; imageSize: default the checkpoint's, another one
   *   keeps the share of the image that is cropped
   * @throws UserError when it is damaged, or does not say which model it belongs to
   */
  static async load(
    bytes: Uint8Array,
    options: Pick<ClassifierOptions, 'engine' | 'batchSize'> & {
      readonly name?: string | undefined;
      readonly imageSize?: number | undefined;
    },
  ): Promise<Classifier> {
    const { name = 'the checkpoint', imageSize, ...others } = options;
    const { tensors, info } = parseWeights(bytes, name);
    if (!info)
      throw new UserError(
        `${name} does not say which model it belongs to: create the model and pass its tensors`,
      );
    const model = createModel({ ...info.model, imageSize: imageSize ?? info.model.imageSize });
    const data = describeData(info.data.classes, preprocessingOf(info, imageSize));
    return Classifier.create({ ...others, model, tensors, data });
  }

  get model(): Model {
    return this.options.model;
  }

  /** Images that are computed at a time. */
  get batchSize(): number {
    return this.options.batchSize ?? 1;
  }

  /**
   * Logits of any number of images.
   *
   * @param images [N, C, S, S], normalised; stays the caller's
   * @returns logits [N, classes]
   * @throws UserError when a value of an image is not finite, naming its place of N
   */
  async predict(images: Float32Array): Promise<{ readonly logits: Float32Array }> {
    const { batchSize } = this;
    const { classes } = this.model.config;
    const length = this.model.imagesShape(1).reduce((product, size) => product * size);
    const count = images.length / length;
    if (!Number.isInteger(count))
      throw new UserError(`expected a multiple of ${length} values (one image), found ${images.length}`);
    expectFiniteImages(images, count, String(count));
    const logits = new Float32Array(count * classes);
    for (let n = 0; n < count; n += batchSize) {
      const batch = new Float32Array(batchSize * length);
      batch.set(images.subarray(n * length, (n + batchSize) * length));
      const { logits: found } = await this.run(batch);
      logits.set(found.subarray(0, (count - n) * classes), n * classes);
    }
    return { logits };
  }

  /**
   * As {@link predict}, of exactly `batchSize` images, without a copy.
   *
   * @param images as {@link predict}, but the engine may take over the array: do not use it afterwards; or bytes, for an engine that
   *   takes them
   * @throws UserError when a value of an image is not finite
   */
  async predictBatch(images: Float32Array | ImageBytes): Promise<Predictions> {
    expectFiniteImages(images, this.batchSize);
    return this.run(images);
  }

  private async run(images: Float32Array | ImageBytes): Promise<Predictions> {
    const outputs = await this.executable.run({ images });
    const { logits, features, featureVariance } = outputs as Record<string, Float32Array>;
    return { logits: logits!, ...(features && { features }), ...(featureVariance && { featureVariance }) };
  }

  /**
   * The most probable classes of each image, best first.
   *
   * @param images as {@link predict}
   * @param options top: how many, at least 1; default 5
   * @throws UserError as {@link predict}, and when a logit is not finite
   */
  async classify(images: Float32Array, options: { readonly top?: number } = {}): Promise<ClassGuess[][]> {
    checkTop(options.top);
    const { logits } = await this.predict(images);
    const { classes } = this.model.config;
    const names = this.options.data?.classes ?? [];
    return Array.from({ length: logits.length / classes }, (_, n) =>
      mostProbable(logits.subarray(n * classes, (n + 1) * classes), names, options.top),
    );
  }

  /** The model with its size, the names of its classes and how images are normalised. */
  describe(): ClassifierDescription {
    const { model, data } = this.options;
    return { ...describeModel(model), model: model.config, ...(data && { data }) };
  }

  /** Frees the program. The engine stays open. */
  async close(): Promise<void> {
    await this.executable.close();
  }
}

/**
 * The most probable classes by softmax, best first.
 *
 * @param names of the classes; `class 7` where there is none
 * @param top how many, at least 1; default 5
 * @throws UserError when a logit is NaN, or the highest is infinite
 * @throws UsageError when `top` is no such number
 */
export function mostProbable(logits: Float32Array, names: readonly string[], top = 5): ClassGuess[] {
  checkTop(top);
  const highest = logits.reduce((a, b) => Math.max(a, b));
  if (!Number.isFinite(highest)) throw new UserError('the model’s logits are not finite');
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials
    .map((value, label) => ({ label, name: names[label] ?? `class ${label}`, probability: value / total }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}

function checkTop(top: number | undefined): void {
  if (top !== undefined && !(Number.isInteger(top) && top > 0))
    throw new UsageError(`top must be a whole number of at least 1, not ${top}`);
}
