import type { PixelDatasetPair } from '../../../data/dataset.js';
import type { Preprocessing } from '../../../data/preprocessing.js';
import type { WebProvider } from '../../../engines/onnx/web/wasmFiles.js';
import type { ModelOptions } from '../../../models/registry.js';

/** Models that can be trained in the page, by their keys. Those for 224 pixels need images of 96 or more to be good. */
export const PAGE_MODELS = {
  'shufflenetv2-0.5': {
    title: 'ShuffleNetV2 ×0.5',
    name: 'shufflenetv2',
    hyperparameters: { ratio: 0.5 },
  },
  'skipblocknet-0.5': { title: 'SkipblockNet ×0.5', name: 'skipblocknet', hyperparameters: { width: 0.5 } },
  shufflenet_v2_x0_5: {
    title: 'ShuffleNetV2 ×0.5 (224)',
    name: 'shufflenet_v2_x0_5',
    hyperparameters: {},
  },
  mobilenet_v3_small: {
    title: 'MobileNetV3 small (224)',
    name: 'mobilenet_v3_small',
    hyperparameters: {},
  },
  resnet18: { title: 'ResNet18 (slow)', name: 'resnet18', hyperparameters: {} },
} as const satisfies Readonly<
  Record<string, Pick<ModelOptions, 'name'> & { readonly title: string; readonly hyperparameters: object }>
>;

/** A key of {@link PAGE_MODELS}. */
export type PageModel = keyof typeof PAGE_MODELS;

/** How a model is trained in the page. */
export interface TrainingPlan {
  readonly model: PageModel;
  /** Height and width of the images. */
  readonly imageSize: number;
  readonly loss: 'bias' | 'ce';
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate at the start; it falls along a cosine. */
  readonly baseLr: number;
  readonly seed: number;
  /** What computes: the processor or the GPU. */
  readonly provider: WebProvider;
}

/** What a model is trained on. */
export interface TrainingData {
  readonly sets: PixelDatasetPair;
  /** How images became those of the sets. */
  readonly preprocessing: Preprocessing;
}

/** A training: a plan and its data. */
export interface TrainingJob {
  /** Tells it from all others. */
  readonly id: string;
  readonly plan: TrainingPlan;
  readonly data: TrainingData;
}

/** The plan that is proposed. */
export const FIRST_PLAN: TrainingPlan = {
  model: 'shufflenetv2-0.5',
  imageSize: 48,
  loss: 'bias',
  epochs: 20,
  batchSize: 16,
  baseLr: 0.02,
  seed: 1,
  provider: 'wasm',
};
