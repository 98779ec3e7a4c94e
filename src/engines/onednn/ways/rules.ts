import {
  fitsDepthwiseWindows,
  fitsLibraryBf16,
  fitsLibraryWinograd,
  fitsOwn,
  ownDepthwise,
  ownPointwise,
  type WaySettings,
} from './candidates.js';
import type { Convolution, ConvWay, LibraryWay, Ways } from './way.js';

/** Fewest channels, of either side, that Winograd's transforms of images pay from. */
const LEAST_CHANNELS = 32;
/** Fewest channels that they pay from on images of fewer than {@link FEW_PIXELS} pixels, a single tile. */
const LEAST_CHANNELS_OF_FEW_PIXELS = 64;
const FEW_PIXELS = 64;
/** From so many channels on bf16 code was slower than f32 Winograd on small images. */
const MANY_CHANNELS = 256;
/** From so many pixels on our own 1×1 convolutions are faster than the library's in bf16. */
const MANY_PIXELS = 2048;
/** Pixels of a single tile. */
const TILE_PIXELS = 16;
/** Channels of a block of AVX512 code: fewer fill none. */
const BLOCK = 16;

/** The way that a rule takes; undefined for a convolution that it is not for. */
type Rule = (settings: WaySettings, convolution: Convolution) => ConvWay | undefined;

/**
 * What is taken where nothing is measured, the first that applies; found with oneDNN 2.6.3 on a processor with AVX512-BF16 and
 * on one with AVX2. All thresholds of which way is faster are here; what a way is able to compute is in candidates.ts.
 */
const RULES: readonly Rule[] = [
  depthwiseByOwnKernels,
  wideDepthwiseInWindows,
  pointwiseWeightGradient,
  pointwiseOnLargeImages,
  ownWinogradWhereTheLibraryHasNone,
  weightGradientTowardImagesInF32,
  narrowWeightGradientInF32,
  winograd,
  stridedDepthwiseInBlocks,
];

/** Rules for where nothing is measured. */
export class Rules implements Ways {
  constructor(private readonly settings: WaySettings) {}

  choose(convolution: Convolution): ConvWay {
    for (const rule of RULES) {
      const way = rule(this.settings, convolution);
      if (way) return way;
    }
    return library({ type: this.settings.activation });
  }
}

function library(way: Partial<LibraryWay> & Pick<LibraryWay, 'type'>): LibraryWay {
  return { kind: 'library', algorithm: 'direct', layout: 'any', ...way };
}

function leastChannels({ shapes: { weight } }: Convolution): number {
  return Math.min(weight[0]!, weight[1]!);
}

function pixelsOf({ shapes: { y } }: Convolution): number {
  return y[2]! * y[3]!;
}

/**
 * Milliseconds of the library's code / ours, AVX512, one thread: 3×3 on [64,58,16,16] 0.38 / 0.26 forward, 0.47 / 0.24 toward images, 0.47 / 0.26
 * toward weights; [16,144,56,56] 3.2 / 1.8, 4.9 / 1.6, 4.4 / 1.9; 5×5 on [32,240,28,28] 3.3 / 1.7, 5.7 / 1.9, in windows 13.3 / 1.9.
 */
function depthwiseByOwnKernels(settings: WaySettings, convolution: Convolution): ConvWay | undefined {
  return ownDepthwise(settings, convolution);
}

/** The library has reference or im2col code alone: 117 ms for 5×5 on [32,240,28,28], 8 in windows with their copies. */
function wideDepthwiseInWindows(settings: WaySettings, convolution: Convolution): ConvWay | undefined {
  return fitsDepthwiseWindows(settings, convolution) ? { kind: 'depthwiseWindows' } : undefined;
}

/**
 * AVX512: channels fill no blocks of 16, of which the library multiplies both sides' and we one side's; we fetch ahead what lies in no
 * cache, and write row-major. In steps 24 ms against 37 (shufflenetv2 1, batch 64), alone as fast (128 channels) to four times (one pixel).
 * In bf16 AMX is faster.
 */
function pointwiseWeightGradient(settings: WaySettings, convolution: Convolution): ConvWay | undefined {
  if (convolution.pass !== 'weightGradient') return undefined;
  const way = ownPointwise(settings, convolution);
  return way?.type === 'bf16' && settings.hasTiles ? undefined : way;
}

/**
 * In bf16, without AMX, milliseconds of the library's / ours: 64 → 16 channels on [32,·,112,112] 6.3 / 2.2, 72 → 24 on 56×56 1.6 / 1.1, 24 → 72 1.4 / 1.1.
 * On smaller images they differ by a tenth, either way.
 */
function pointwiseOnLargeImages(settings: WaySettings, convolution: Convolution): ConvWay | undefined {
  const isFast = settings.activation === 'bf16' && !settings.hasTiles && pixelsOf(convolution) >= MANY_PIXELS;
  return isFast ? ownPointwise(settings, convolution) : undefined;
}

/** AVX2, and oneDNN 3: a quarter of the multiplications. The library's own code, where there is some, is as fast or faster. */
function ownWinogradWhereTheLibraryHasNone(
  settings: WaySettings,
  convolution: Convolution,
): ConvWay | undefined {
  const isF32 = settings.activation === 'f32';
  const isOwn = isF32 && fitsOwn(settings, convolution) && !fitsLibraryWinograd(settings, convolution);
  return isOwn && leastChannels(convolution) >= LEAST_CHANNELS ? { kind: 'ownWinograd' } : undefined;
}

/** In bf16, whose code needs channels that fill blocks: 3.5 ms against 0.5. */
function weightGradientTowardImagesInF32(_: WaySettings, convolution: Convolution): ConvWay | undefined {
  const { pass, geometry, shapes } = convolution;
  const isTowardImages = pass === 'weightGradient' && geometry.groups === 1 && shapes.weight[1]! < BLOCK;
  return isTowardImages ? library({ type: 'f32' }) : undefined;
}

/** What the library's bf16 code gets wrong. */
function narrowWeightGradientInF32(_: WaySettings, convolution: Convolution): ConvWay | undefined {
  return fitsLibraryBf16(convolution) ? undefined : library({ type: 'f32' });
}

/**
 * F(4×4, 3×3) needs a quarter of the multiplications: 1.3 to 2.6 times the direct algorithm's speed from 32 channels up, but
 * not on images of a single tile with few channels. In bf16 it is taken, in f32, where the library's bf16 code was slower on a
 * processor without AMX: all passes of 256 channels on 8×8 (batch 64: 5.0 ms against 3.6 forward, 5.3 against 3.7, 5.7 against
 * 5.1), the weight gradient of 512 on 4×4 (10.9 against 5.7).
 */
function winograd(settings: WaySettings, convolution: Convolution): ConvWay | undefined {
  const channels = leastChannels(convolution);
  const pixels = pixelsOf(convolution);
  const least = pixels >= FEW_PIXELS ? LEAST_CHANNELS : LEAST_CHANNELS_OF_FEW_PIXELS;
  if (!fitsLibraryWinograd(settings, convolution) || channels < least) return undefined;
  const isSmall = convolution.pass === 'weightGradient' && pixels <= TILE_PIXELS;
  const isFasterThanBf16 = channels >= MANY_CHANNELS && (pixels === FEW_PIXELS || isSmall);
  if (settings.activation !== 'f32' && !isFasterThanBf16) return undefined;
  return library({ algorithm: 'winograd', type: 'f32' });
}

/** Left to choose, oneDNN 3 computes their input gradients in slow code: 93 ms of a step of shufflenetv2 0.5 in bf16. */
function stridedDepthwiseInBlocks(
  { block, traits, activation }: WaySettings,
  { pass, geometry: { stride, groups }, shapes }: Convolution,
): ConvWay | undefined {
  const isStridedDepthwise = groups === shapes.x[1] && Math.max(...stride) > 1;
  const isSlow = block !== undefined && traits.slowStridedDepthwise && pass === 'inputGradient';
  return isSlow && isStridedDepthwise ? library({ type: activation, layout: 'images' }) : undefined;
}
