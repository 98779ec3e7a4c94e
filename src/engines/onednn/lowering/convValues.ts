import type { ValueId } from '../../../graph/program.js';
import type { ElementType, MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { Convolution } from '../ways/way.js';
import type { ConvShapes } from './convShapes.js';
import type { WinogradOperands } from './winograd/convolution.js';

/** The parts of a {@link Convolution} that follow from its values. */
export function onValues(
  draft: Draft,
  reads: readonly [ValueId, ValueId],
  result: ValueId,
  weight: ValueId | undefined,
): Pick<Convolution, 'operands' | 'isWeightFixed' | 'isNormalised'> {
  const [a, b] = reads;
  return {
    operands: [draft.places.origin(a), draft.places.origin(b)],
    isWeightFixed: weight !== undefined && draft.places.origin(weight).buffer.storage === 'static',
    isNormalised: draft.usage.usersOf(result).some(({ kind }) => kind.startsWith('batchNorm')),
  };
}

/** Images in the layout that our own kernels work on, in the type of the program's convolutions or another. */
export function inBlocks(draft: Draft, images: ValueId, type?: ElementType): Place {
  return draft.places.as(images, draft.layouts.images(draft.shapeOf(images), type));
}

/** Vectors of a block's biases for our own kernels, with zeros for the channels that fill up the last. */
export function biasInBlocks(draft: Draft, bias: ValueId): Place {
  const { block } = draft.layouts;
  if (block === undefined) throw new Error('kernels of our own work on images in blocks');
  const [channels] = draft.shapeOf(bias) as [number];
  return draft.places.as(bias, draft.dnnl.named([channels, 1, 1, 1, 1], 'f32', `Abcde${block}a`));
}

/** Images in blocks and a weight, for our own kernels. */
export function winogradOperands(
  draft: Draft,
  {
    images,
    weight,
    shapes,
  }: { readonly images: ValueId; readonly weight: ValueId; readonly shapes: ConvShapes },
): WinogradOperands {
  return {
    images: inBlocks(draft, images),
    weight: (desc: MemoryDesc) => draft.places.as(weight, desc),
    shapes,
  };
}
