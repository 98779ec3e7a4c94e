import type { ElementType } from '../memoryDesc.js';
import { fitsDepthwiseWindows, fitsLibraryWinograd, fitsOwn, type WaySettings } from './candidates.js';
import type { Convolution, ConvWay, Ways } from './way.js';

/** Fewest channels, of either side, that transforms of images pay from. */
const LEAST_CHANNELS = 32;
/** Channels of a block of AVX512 code. */
const BLOCK = 16;

/** Rules for where nothing is measured; found with oneDNN 2.6.3 on a processor with AVX512-BF16 and on one with AVX2. */
export class Rules implements Ways {
  constructor(private readonly settings: WaySettings) {}

  choose(convolution: Convolution): ConvWay {
    const { settings } = this;
    const [outputs, inputs] = convolution.shapes.weight as [number, number];
    if (fitsDepthwiseWindows(settings, convolution)) return { kind: 'depthwiseWindows' };
    const isOwn = fitsOwn(settings, convolution) && !fitsLibraryWinograd(settings, convolution);
    if (isOwn && Math.min(outputs, inputs) >= LEAST_CHANNELS) return { kind: 'ownWinograd' };
    const type = this.elementType(convolution);
    return {
      kind: 'library',
      algorithm: type === 'f32' && this.isWinograd(convolution) ? 'winograd' : 'direct',
      type,
      layout: this.namesLayout(convolution) ? 'images' : 'any',
    };
  }

  /**
   * Winograd's F(4×4, 3×3) needs a quarter of the multiplications. Measured with oneDNN 2.6.3: 1.3 to 2.6 times
   * the direct algorithm's speed from 32 channels up, but not on images of a single tile with few channels.
   */
  private isWinograd(convolution: Convolution): boolean {
    const { weight, y } = convolution.shapes;
    const channels = Math.min(weight[0]!, weight[1]!);
    return (
      fitsLibraryWinograd(this.settings, convolution) &&
      (channels >= 64 || (channels >= LEAST_CHANNELS && y[2]! * y[3]! >= 64))
    );
  }

  /**
   * The activations' type, but for what oneDNN 2.6.3 is slower at in bf16 than in f32. That is the weight gradient
   * toward images, whose channels fill no block (3.5 ms against 0.5), and Winograd's convolutions of 256 channels and
   * more: all of 8×8 pixels (256 channels, batch 64: 5.0 ms against 3.6 forward, 5.3 against 3.7, 5.7 against 5.1),
   * the weight gradient of 4×4 (512: 10.9 against 5.7).
   */
  private elementType(convolution: Convolution): ElementType {
    const { pass, geometry, shapes } = convolution;
    const [outputs, inputs] = shapes.weight as [number, number];
    const pixels = shapes.y[2]! * shapes.y[3]!;
    const ofWeights = pass === 'weightGradient';
    if (ofWeights && geometry.groups === 1 && inputs < BLOCK) return 'f32';
    const isLarge = Math.min(outputs, inputs) >= 256 && this.isWinograd(convolution);
    return isLarge && (pixels === 64 || (ofWeights && pixels <= 16)) ? 'f32' : this.settings.activation;
  }

  /** Whether to name the layout of images rather than to let the library choose. */
  private namesLayout({ pass, geometry: { stride, groups }, shapes }: Convolution): boolean {
    const { block, traits } = this.settings;
    const isStridedDepthwise = groups === shapes.x[1] && Math.max(...stride) > 1;
    return (
      block !== undefined && traits.slowStridedDepthwise && pass === 'inputGradient' && isStridedDepthwise
    );
  }
}
