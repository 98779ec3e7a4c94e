import type { ImageSource, PixelDataset } from './dataset.js';
import type { ColourJitter } from './images/colourJitter.js';
import type { PixelAugmentation } from './pixelTransforms.js';
import type { Preprocessing } from './preprocessing.js';

/** How training images are varied; without it images are prepared for evaluation. */
export interface Augmentation {
  readonly seed: number;
  /** For images in memory. */
  readonly pixels: PixelAugmentation;
  /** For images in files: the random change of colours; none without it. */
  readonly colourJitter?: ColourJitter | undefined;
}

/** What a loader's worker is started with. */
export interface LoaderSettings {
  /** The images, if they are in memory. */
  readonly memory?: Pick<PixelDataset, 'pixels'> | undefined;
  /** How images become what the model sees; it has as many channels as there are means. */
  readonly preprocessing: Preprocessing;
  readonly augmentation?: Augmentation | undefined;
}

/** Asks a worker for a batch, or a part of one. */
export interface PartRequest {
  readonly epoch: number;
  /** Indices of the images. */
  readonly indices: Uint32Array;
  /** Where the images of `indices` lie, if they are in files. */
  readonly sources: readonly ImageSource[];
  /** Images that the answer has room for, at least as many as `indices`. */
  readonly room: number;
  /** An array of an earlier answer, which is filled again: fresh memory costs more than filling it. */
  readonly over?: Float32Array<ArrayBuffer> | undefined;
}

/** What a loader asks of its workers. */
export interface LoaderCalls {
  start(settings: LoaderSettings): void;
  /** Gives [room, C, S, S], zeros beyond the images that were asked for. */
  make(part: PartRequest): Float32Array<ArrayBuffer>;
}
