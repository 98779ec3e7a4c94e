import type { ValueId } from '../../../graph/program.js';
import type { BlockedImages, Within } from '../kernels/blockedImages.js';
import { filledChannels, fitsKernels } from '../kernels/blockedImages.js';
import { CHANNEL_ROWS, compileStatistics, compileSums, sumsOf } from '../kernels/channelStatistics.js';
import {
  compileFactors,
  compileGradientSums,
  compileImageGradient,
  compileNormalisation,
  factorsOf,
  gradientSumsOf,
} from '../kernels/normalise.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import { seen } from './product/rows.js';

/** Images that our kernels normalise; undefined where those cannot, or where the images are not in blocks. */
export function ownImages(draft: Draft, { desc: { shape, key, type } }: Place): BlockedImages | undefined {
  const { block } = draft.layouts;
  const [images, channels, height, width] = shape as [number, number, number, number];
  const format = draft.formatOf(type);
  if (!format || block === undefined || key !== draft.layouts.images(shape, type).key) return undefined;
  const source = { images, channels, pixels: height * width, lanes: block, format };
  return fitsKernels(source) ? source : undefined;
}

/** What is kept of a forward pass for its gradient: the table of `compileStatistics`. */
const CHANNELS = 'channels';

/** Results of so many bytes leave no cache with what is needed next: stored past them, they need not be read first. */
export const LARGE = 24 * 2 ** 20;

/** A forward pass by our own kernels. */
interface OwnForward {
  readonly images: BlockedImages;
  readonly data: Place;
  readonly gamma: ValueId;
  readonly beta: ValueId;
  readonly epsilon: number;
  readonly relu: boolean;
  readonly y: ValueId;
  readonly mean: ValueId;
  readonly variance: ValueId;
}

/**
 * Mean and variance, then the normalisation, by our own kernels. The library's AVX2 code adds up a channel in one sum, which loses two
 * digits over a batch, its AVX512 code one; both read the images once more, and keep a mask of where the ReLU was 0.
 */
export function ownForward(draft: Draft, forward: OwnForward): void {
  const { images, data, gamma, beta, epsilon, relu, y, mean, variance } = forward;
  const { places, steps, buffers, layouts } = draft;
  const filled = filledChannels(images);
  const sums = buffers.allocate(layouts.rowMajor([sumsOf(images)]));
  const table = buffers.allocate(layouts.rowMajor([CHANNEL_ROWS, filled]));
  steps.kernel({
    name: 'sums of channels',
    source: images,
    compile: compileSums,
    places: { src: data, dst: sums },
  });
  steps.kernel({
    name: 'mean and variance',
    source: { ...images, epsilon },
    compile: compileStatistics,
    places: { src: sums, dst: table, reads: [places.plain(gamma), places.plain(beta)] },
  });
  const layout = layouts.rowMajor([images.channels]);
  places.define(mean, { ...table, desc: layout });
  places.define(variance, seen(table, layout, filled));
  places.keepAside(mean, table, CHANNELS);
  const dst = places.outputOver(y, data);
  const streams = dst.buffer !== data.buffer && dst.desc.bytes >= LARGE;
  steps.kernel({
    name: 'normalise',
    source: { ...images, relu, streams },
    compile: compileNormalisation,
    places: { src: data, dst, reads: [table] },
  });
}

/** The gradient of {@link ownForward}. */
interface OwnGradient {
  readonly images: BlockedImages;
  readonly data: Place;
  readonly dy: ValueId;
  readonly table: Place;
  readonly relu: boolean;
  /** What is added to the gradient toward the images. */
  readonly addend?: ValueId | undefined;
  readonly dx: ValueId;
  readonly dgamma: ValueId;
  readonly dbeta: ValueId;
}

/** The table that the forward pass of a normalisation kept, if our kernels computed it with the same scale. */
export function ownTable(draft: Draft, mean: ValueId, gamma: ValueId): Place | undefined {
  const isSame = draft.usage.makerOf(mean)?.inputs[1] === gamma;
  return isSame ? draft.places.asideOf(mean, CHANNELS) : undefined;
}

/** The addend's images: the larger ones whose blocks of channels they are, or a copy. */
function addendOf(
  draft: Draft,
  { images, data }: OwnGradient,
  addend: ValueId,
): { readonly place: Place; readonly within: Within | 'whole' } {
  const { channels, lanes } = images;
  const view = draft.places.viewOf(addend);
  const isBlocks = view?.step === 1 && view.start % lanes === 0 && channels % lanes === 0;
  if (isBlocks && view.place.desc.type === data.desc.type) {
    const within = { channels: view.place.desc.shape[1]!, start: view.start };
    if (fitsKernels({ ...images, ...within })) return { place: view.place, within };
  }
  return { place: draft.places.as(addend, data.desc), within: 'whole' };
}

/** Gradients toward images, scale and shift by our own kernels, which read x and dy twice each, mostly from a cache. */
export function ownGradient(draft: Draft, gradient: OwnGradient): void {
  const { images, data, dy, table, relu, addend, dx, dgamma, dbeta } = gradient;
  const { places, steps, buffers, layouts } = draft;
  const diff = places.as(dy, data.desc);
  const added = addend === undefined ? undefined : addendOf(draft, gradient, addend);
  const sums = buffers.allocate(layouts.rowMajor([gradientSumsOf(images)]));
  const factors = buffers.allocate(layouts.rowMajor([factorsOf(images)]));
  const parameters = layouts.rowMajor([images.channels]);
  const source = { ...images, relu };
  steps.kernel({
    name: 'sums of gradients',
    source,
    compile: compileGradientSums,
    places: { src: data, dst: sums, reads: [diff, table] },
  });
  steps.kernel({
    name: 'factors of gradients',
    source: images,
    compile: compileFactors,
    places: {
      src: sums,
      dst: factors,
      reads: [table],
      writes: [places.output(dgamma, parameters), places.output(dbeta, parameters)],
    },
  });
  steps.kernel({
    name: 'normalisation’s gradient',
    source: { ...source, addend: added?.within },
    compile: compileImageGradient,
    places: {
      src: data,
      dst: places.outputOver(dx, diff),
      reads: [diff, table, factors, ...(added ? [added.place] : [])],
    },
  });
}
