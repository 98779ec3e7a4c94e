import type { ImageSource, PixelDataset } from './dataset.js';
import type { ColourJitter } from './images/colourJitter.js';
import type { PixelAugmentation } from './pixelTransforms.js';
import type { Preprocessing } from './preprocessing.js';

/** Augmentation of training images; without it images are prepared for evaluation. */
export interface Augmentation {
  readonly seed: number;
  /** For images in memory. */
  readonly pixels: PixelAugmentation;
  /** For images in files: the random change of colours; none without it. */
  readonly colourJitter?: ColourJitter | undefined;
}

/** Arguments of a loader's worker. */
export interface LoaderSettings {
  /** The images, if they are in memory. */
  readonly memory?: Pick<PixelDataset, 'pixels'> | undefined;
  /** Preprocessing; it has as many channels as there are means. */
  readonly preprocessing: Preprocessing;
  readonly augmentation?: Augmentation | undefined;
}

/** A request to a worker for a batch, or a part of one. */
export interface PartRequest {
  readonly epoch: number;
  /** Indices of the images, plus a multiple of their number where one comes again: augmentation depends on them. */
  readonly indices: Uint32Array;
  /** Where the images of `indices` lie, if they are in files. */
  readonly sources: readonly ImageSource[];
  /** Number of images in the answer's array, at least as many as `indices`. */
  readonly room: number;
  /** An array of an earlier answer to reuse: new memory costs more than filling it. */
  readonly over?: Float32Array<ArrayBuffer> | undefined;
}

/** Calls from a loader to its workers. */
export interface LoaderCalls {
  start(settings: LoaderSettings): void;
  /** Returns [room, C, S, S], zeros beyond the requested images. */
  make(part: PartRequest): Float32Array<ArrayBuffer>;
}
