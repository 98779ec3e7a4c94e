import type { Dataset } from './dataset.js';
import type { PixelAugmentation } from './pixelTransforms.js';

/** What a loader's worker is started with. */
export interface LoaderWorkerData {
  readonly dataset: Dataset;
  readonly batchSize: number;
  /** Height and width of the pictures that the model takes. */
  readonly imageSize: number;
  /** Seed of the augmentation; without it pictures are prepared for evaluation. */
  readonly augmentation?: {
    readonly seed: number;
    readonly pixels: PixelAugmentation;
    readonly colourJitter: number;
  };
}

/** Asks a worker for a batch. */
export interface BatchRequest {
  readonly id: number;
  readonly epoch: number;
  /** Indices of the pictures, at most batchSize of them. */
  readonly indices: Uint32Array;
}

/** A worker's answer. */
export type BatchReply =
  | {
      readonly id: number;
      readonly images: Float32Array;
      readonly labels: Int32Array;
      readonly count: number;
    }
  | { readonly id: number; readonly error: string; readonly isUserError: boolean };
