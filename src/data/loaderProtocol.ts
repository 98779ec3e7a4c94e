import type { ImageSource, Normalisation, PixelDataset } from './dataset.js';
import type { ColourJitter } from './images/colourJitter.js';
import type { PixelAugmentation } from './pixelTransforms.js';

/** How training images are varied; without it images are prepared for evaluation. */
export interface Augmentation {
  readonly seed: number;
  /** For images in memory. */
  readonly pixels: PixelAugmentation;
  /** For images in files: the random change of colours; none without it. */
  readonly colourJitter?: ColourJitter | undefined;
}

/** What a loader's worker is started with. */
export interface LoaderWorkerData {
  /** The images, if they are in memory. */
  readonly memory?: Pick<PixelDataset, 'pixels'> | undefined;
  readonly normalisation: Normalisation;
  /** Height and width of the images that the model takes. */
  readonly imageSize: number;
  /** 3, or 1 for grey. */
  readonly channels: number;
  readonly augmentation?: Augmentation | undefined;
}

/** Asks a worker for a batch, or a part of one. */
export interface PartRequest {
  readonly id: number;
  readonly epoch: number;
  /** Indices of the images. */
  readonly indices: Uint32Array;
  /** Where the images of `indices` lie, if they are in files. */
  readonly sources: readonly ImageSource[];
  /** Images that the answer has room for, at least as many as `indices`. */
  readonly room: number;
}

/** Gives a worker an array back that it answered with, to be filled again. */
export interface SpareArray {
  readonly spare: Float32Array<ArrayBuffer>;
}

/** A worker's answer: [room, C, S, S], zeros beyond the images that were asked for. */
export type PartReply =
  | { readonly id: number; readonly images: Float32Array<ArrayBuffer> }
  | { readonly id: number; readonly error: string; readonly isUserError: boolean };
