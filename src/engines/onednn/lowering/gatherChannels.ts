import type { ValueId } from '../../../graph/program.js';
import { compileGather, fitsGather, type Gather } from '../kernels/gatherChannels.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import { LARGE } from './ownBatchNorm.js';

/** Channels of a value: which of several, and which channel of it. */
type Origin = readonly [value: ValueId, channel: number];

/** Where a channel lies: in which place, and which channel of it. */
interface Located {
  readonly place: Place;
  readonly channel: number;
}

/** Where channels of a value lie in blocks of the activations' type: in its place, or in the place that it is a view of. */
function located(draft: Draft, value: ValueId): ((channel: number) => Located) | undefined {
  const view = draft.places.viewOf(value);
  if (view) return (channel) => ({ place: view.place, channel: view.start + view.step * channel });
  const shape = draft.shapeOf(value);
  const place = draft.places.known(value, draft.layouts.images(shape));
  return place && ((channel) => ({ place, channel }));
}

/** The kernel that copies channels, and the places that it reads; undefined where no kernel can. */
function gatherOf(
  draft: Draft,
  value: ValueId,
  origins: readonly Origin[],
): { readonly gather: Gather; readonly places: readonly Place[] } | undefined {
  const { block, activation } = draft.layouts;
  const { shape, dtype } = draft.typeOf(value);
  const format = draft.formatOf(activation);
  if (!format || block === undefined || dtype !== 'f32' || shape.length !== 4) return undefined;
  const values = [...new Set(origins.map(([from]) => from))];
  const locators = new Map(values.map((from) => [from, located(draft, from)]));
  const places: Place[] = [];
  const channels: [number, number][] = [];
  for (const [from, index] of origins) {
    const found = locators.get(from)?.(index);
    if (!found) return undefined;
    if (!places.includes(found.place)) places.push(found.place);
    channels.push([places.indexOf(found.place), found.channel]);
  }
  const [images, , height, width] = shape as [number, number, number, number];
  // Vectors of bf16 are two pixels.
  const isAligned = format === 'f32' || (height * width) % 2 === 0;
  const gather = {
    images,
    pixels: height * width,
    lanes: block,
    format,
    sources: places.map(({ desc }) => desc.shape[1]!),
    channels,
    streams: isAligned && draft.layouts.images(shape).bytes >= LARGE,
  };
  return fitsGather(gather) ? { gather, places } : undefined;
}

/**
 * Makes a value of channels of others by a kernel of our own, in blocks.
 *
 * @param originOf of each of the value's channels, the value and the channel that it is
 * @returns whether a kernel can: where those values are in blocks of the activations' type
 */
export function gatherChannels(draft: Draft, value: ValueId, originOf: (channel: number) => Origin): boolean {
  const shape = draft.shapeOf(value);
  const found = gatherOf(
    draft,
    value,
    Array.from({ length: shape[1] ?? 0 }, (_, i) => originOf(i)),
  );
  if (!found) return false;
  const { gather, places } = found;
  const [src, ...reads] = places as [Place, ...Place[]];
  const dst = draft.places.output(value, draft.layouts.images(shape));
  draft.steps.kernel({
    name: 'gather channels',
    source: gather,
    compile: compileGather,
    places: { src, dst, reads },
  });
  return true;
}

/**
 * Makes a value of every `step`th channel of another, from `start` on: a view, which is copied where it is not read by {@link gatherChannels}.
 *
 * @returns whether a kernel can copy it
 */
export function viewChannels(
  draft: Draft,
  value: ValueId,
  { of, start, step }: { readonly of: ValueId; readonly start: number; readonly step: number },
): boolean {
  const originOf = (channel: number): Origin => [of, start + step * channel];
  const channels = draft.shapeOf(value)[1] ?? 0;
  if (
    !gatherOf(
      draft,
      value,
      Array.from({ length: channels }, (_, i) => originOf(i)),
    )
  )
    return false;
  const { place, channel } = located(draft, of)!(start);
  const inner = draft.places.viewOf(of)?.step ?? 1;
  draft.places.defineView(value, {
    place,
    start: channel,
    step: step * inner,
    copy: () => gatherChannels(draft, value, originOf),
  });
  return true;
}
