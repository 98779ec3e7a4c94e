import type { Preprocessing } from '../data/preprocessing.js';
import type { Model } from '../models/model.js';
import type { WeightsDescription } from '../runs/weightsDescription.js';
import type { Predictor } from '../train/evaluate.js';
import { withFlips } from '../train/flips.js';
import type { WeightsFile } from '../train/weights.js';
import { type EngineFlags, withClassifier } from './classifier.js';
import type { OnnxFile } from './onnxFile.js';
import { countOf, formatCount } from './output.js';

/** What computes the logits of batches of one size. */
export interface BatchPredictor extends Predictor {
  readonly batchSize: number;
}

/** A model whose accuracy is measured: weights in an engine, or an exported model in ONNX Runtime. */
export interface EvaluatedModel {
  /** Names of the classes. */
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing;
  /** Undefined for an exported model, whose normalisation is folded into its convolutions. */
  readonly parameters: number | undefined;
  /** Runs `body` with what computes logits. */
  run<T>(
    options: EngineFlags & { readonly batchSize: number },
    body: (predictor: BatchPredictor) => Promise<T>,
  ): Promise<T>;
}

/** Weights of a file. */
export function evaluatedWeights(
  weights: WeightsFile & { readonly path: string },
  model: Model,
  { classes, preprocessing }: WeightsDescription,
): EvaluatedModel {
  return {
    classes,
    preprocessing,
    parameters: model.parameterCount,
    run: (options, body) => withClassifier(weights, model, options, body),
  };
}

/** What computes the logits of an exported model. */
export function onnxPredictor(
  { classes, channels, preprocessing, predict }: OnnxFile,
  batchSize: number,
): BatchPredictor {
  const config = { classes: classes.length, imageSize: preprocessing.imageSize };
  return { model: { config, channels }, batchSize, predict };
}

/** An exported model, which is closed when it has run. */
export function evaluatedOnnx(file: OnnxFile): EvaluatedModel {
  const { classes, preprocessing, close } = file;
  return {
    classes,
    preprocessing,
    parameters: undefined,
    run: async ({ batchSize }, body) => {
      try {
        return await body(onnxPredictor(file, batchSize));
      } finally {
        await close();
      }
    },
  };
}

/** A predictor with the test-time augmentation of `--tta`, if there is any. */
export function augmented(predictor: BatchPredictor, tta: 'flip' | undefined): BatchPredictor {
  return tta === undefined ? predictor : { ...withFlips(predictor), batchSize: predictor.batchSize };
}

/** `348,843 parameters, 24 images`; an exported model's parameters are not counted. */
export function describeCounts(parameters: number | undefined, images: number): string {
  return `${parameters === undefined ? '' : `${formatCount(parameters)} parameters, `}${countOf(images, 'image')}`;
}
