import type { Mix } from './augment/mixing.js';
import type { TrainingTransforms } from './augment/transforms.js';
import type { ByteImages } from './byteImages.js';
import type { StoreHandle } from './cache/imageStore.js';
import type { KeptImage } from './cache/keptImage.js';
import type { ImageSource, PixelDataset } from './dataset.js';
import type { Preprocessing } from './preprocessing.js';

/** Arguments of a loader's worker. */
export interface LoaderSettings {
  /** The images, if they are in memory. */
  readonly memory?: Pick<PixelDataset, 'pixels'> | undefined;
  /** Preprocessing; it has as many channels as there are means. */
  readonly preprocessing: Preprocessing;
  /** Random changes of training images; without them images are prepared for evaluation. */
  readonly training?: TrainingTransforms | undefined;
  /** Where decoded images are kept; nowhere if it is absent. */
  readonly store?: StoreHandle | undefined;
}

/** A request to a worker for a batch, or a part of one. */
export interface PartRequest<A = Float32Array<ArrayBuffer>> {
  readonly epoch: number;
  /** Indices of the images, plus a multiple of their number where one comes again: augmentation depends on them. */
  readonly indices: Uint32Array;
  /** Where the images of `indices` lie, if they are in files. */
  readonly sources: readonly ImageSource[];
  /** Those of them that are kept decoded, at the same places. */
  readonly kept?: readonly (KeptImage | undefined)[] | undefined;
  /** Number of images in the answer's array, at least as many as `indices`. */
  readonly room: number;
  /** An array of an earlier answer to reuse: new memory costs more than filling it. */
  readonly over?: A | undefined;
}

/** The images of a part. */
export interface MadePart {
  /** [room, C, S, S], zeros beyond the requested images. */
  readonly images: Float32Array<ArrayBuffer>;
  /** Images of the part that are kept decoded from now on, at their places in it. */
  readonly kept: readonly (KeptImage | undefined)[];
}

/** The images of a part as bytes, for so many images as there is room for. */
export interface MadeBytes extends ByteImages {
  /** As {@link MadePart.kept}. */
  readonly kept: MadePart['kept'];
}

/** A request to mix the images of a batch. */
export interface MixRequest {
  /** [count, C, size, size] */
  readonly images: Float32Array<ArrayBuffer>;
  readonly count: number;
  readonly size: number;
  readonly mix: Mix;
}

/** Calls from a loader to its workers. */
export interface LoaderCalls {
  start(settings: LoaderSettings): void;
  make(part: PartRequest): MadePart;
  /** The same images, before they are normalised. Nothing may be left to do to them afterwards. */
  makeBytes(part: PartRequest<Uint8Array<ArrayBuffer>>): MadeBytes;
  /** Returns the images of the request, mixed. */
  mix(batch: MixRequest): Float32Array<ArrayBuffer>;
}
