import type { Block, DnnlTraits } from '../dnnl.js';
import { BLOCK as OWN_BLOCK } from '../kernels/kernel.js';
import { fitsWinograd, losesRows } from '../lowering/convShapes.js';
import { isWideDepthwise } from '../lowering/depthwise.js';
import { fitsDepthwiseKernels } from '../lowering/ownDepthwise.js';
import { fitsPointwise, fitsPointwiseGradient } from '../lowering/pointwise.js';
import { fitsOwnWinograd } from '../lowering/winograd/convolution.js';
import { type ElementType, elementBytes } from '../memoryDesc.js';
import type { Convolution, ConvWay, LibraryWay, OwnDepthwiseWay, OwnPointwiseWay } from './way.js';
import { fitsFilled, isPointwise, windowElements } from './windows.js';

/** Channels of a block in the layouts of AVX512 code. */
const AVX512_BLOCK = 16;

/** What a machine and its library offer. */
export interface WaySettings {
  readonly traits: DnnlTraits;
  /** Element type of convolutions' operands. */
  readonly activation: ElementType;
  /** Channels of a block in the layout that the processor's code works on; undefined for none. */
  readonly block: Block | undefined;
  /** Whether kernels of our own can be run. */
  readonly usesKernels: boolean;
  /** Whether the processor multiplies bf16 numbers itself, and tiles of them (AMX). */
  readonly fastBf16: boolean;
  readonly hasTiles: boolean;
}

/** The windows of a product take no more memory than this. */
const MOST_WINDOW_BYTES = 64 * 2 ** 20;

/** Whether the library has Winograd's algorithm for a convolution. */
export function fitsLibraryWinograd(
  { block, traits }: WaySettings,
  { geometry, shapes }: Convolution,
): boolean {
  return block === AVX512_BLOCK && traits.winograd && fitsWinograd(geometry, shapes.weight, AVX512_BLOCK);
}

/** Whether our own kernels compute a convolution by Winograd's algorithm. */
export function fitsOwn(
  { usesKernels, activation, block = OWN_BLOCK }: WaySettings,
  convolution: Convolution,
): boolean {
  const { geometry, shapes } = convolution;
  return (
    usesKernels &&
    (activation === 'f32' || block === AVX512_BLOCK) &&
    convolution.activation !== 'other' &&
    !(convolution.pass === 'weightGradient' && convolution.hasBias) &&
    fitsWinograd(geometry, shapes.weight, block) &&
    fitsOwnWinograd(shapes)
  );
}

/**
 * Our own kernels for a depthwise convolution; undefined where they cannot compute it: those that an activation or a sum follows are
 * the library's.
 */
export function ownDepthwise(
  { usesKernels, activation, block }: WaySettings,
  convolution: Convolution,
): OwnDepthwiseWay | undefined {
  const { geometry, shapes, hasAddend } = convolution;
  const isInBf16 = activation === 'bf16' && block === AVX512_BLOCK;
  const type = activation === 'f32' || isInBf16 ? activation : undefined;
  const fits =
    usesKernels &&
    block !== undefined &&
    !hasAddend &&
    convolution.activation === 'none' &&
    fitsDepthwiseKernels(geometry, shapes, block);
  return fits && type ? { kind: 'ownDepthwise', type } : undefined;
}

/** Whether a weight gradient may be computed in windows of 3×3 taps. */
export function fitsDepthwiseWindows({ block }: WaySettings, convolution: Convolution): boolean {
  const { pass, hasBias, geometry, shapes } = convolution;
  return block !== undefined && pass === 'weightGradient' && !hasBias && isWideDepthwise(geometry, shapes);
}

/** Our own kernel for a 1×1 convolution; undefined where it cannot compute it, and in f32 for other passes than weight gradients. */
export function ownPointwise(
  { usesKernels, activation, block, fastBf16 }: WaySettings,
  convolution: Convolution,
): OwnPointwiseWay | undefined {
  const { pass, geometry, shapes, hasAddend } = convolution;
  const type = activation === 'f32' || (activation === 'bf16' && fastBf16) ? activation : undefined;
  const isPlain = !hasAddend && convolution.activation === 'none';
  const fits =
    usesKernels &&
    block === AVX512_BLOCK &&
    geometry.groups === 1 &&
    isPointwise(convolution) &&
    (pass === 'weightGradient'
      ? fitsPointwiseGradient(shapes)
      : type === 'bf16' && isPlain && fitsPointwise(convolution));
  return fits && type ? { kind: 'ownPointwise', type } : undefined;
}

/** Matrix products, which have no groups and cannot add to what is there. */
function products(convolution: Convolution, type: ElementType): ConvWay[] {
  if (convolution.geometry.groups !== 1 || convolution.hasAddend) return [];
  if (windowElements(convolution) * elementBytes[type] > MOST_WINDOW_BYTES) return [];
  const straight = { kind: 'product', type, turned: false, filled: false } as const;
  if (convolution.pass !== 'weightGradient') return [straight];
  return [
    straight,
    { ...straight, turned: true },
    ...(fitsFilled(convolution, type) ? [{ ...straight, filled: true }] : []),
  ];
}

/**
 * Whether the library's own code may compute a convolution in bf16. oneDNN 2.6.3's weight gradient copies the images' columns apart by
 * their remainder of the stride; remainders without a column stay unwritten scratch memory, which is multiplied all the same. With
 * more rows of padding than the image has, and 128 channels or more, it leaves the kernel's outermost rows unwritten.
 */
export function fitsLibraryBf16({
  pass,
  geometry: { stride, padding },
  shapes: { x },
}: Convolution): boolean {
  if (pass !== 'weightGradient') return true;
  return x[3]! >= stride[1] && x[2]! >= padding[0];
}

/** The ways to compute a convolution, those first that are likely to be fast. */
export function candidates(settings: WaySettings, convolution: Convolution): ConvWay[] {
  const { activation, block } = settings;
  const isF32 = activation === 'f32' || !fitsLibraryBf16(convolution);
  const types: readonly ElementType[] = isF32 ? ['f32'] : [activation, 'f32'];
  const { geometry, shapes } = convolution;
  const { groups } = geometry;
  const isGradient = convolution.pass === 'weightGradient';
  const pointwise = ownPointwise(settings, convolution);
  const depthwise = ownDepthwise(settings, convolution);
  const direct = (layout: LibraryWay['layout']): ConvWay[] =>
    types.map((type) => ({ kind: 'library', algorithm: 'direct', type, layout }));
  return [
    ...direct('any'),
    ...(fitsLibraryWinograd(settings, convolution)
      ? [{ kind: 'library', algorithm: 'winograd', type: 'f32', layout: 'any' } as const]
      : []),
    ...(fitsOwn(settings, convolution) ? [{ kind: 'ownWinograd' } as const] : []),
    ...(depthwise ? [depthwise] : []),
    ...(fitsDepthwiseWindows(settings, convolution) ? [{ kind: 'depthwiseWindows' } as const] : []),
    ...(pointwise ? [pointwise] : []),
    ...products(convolution, activation),
    // Named blocks matter where the library prefers other layouts, whose code is slow: depthwise ones.
    ...(block !== undefined && groups > 1 && !(isGradient && losesRows(geometry, shapes))
      ? direct('images')
      : []),
  ];
}
