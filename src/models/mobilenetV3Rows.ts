/** The blocks of MobileNetV3, of which torchvision's and timm's models are made. */

/** Kernel, hidden channels, output channels, squeeze-and-excitation, h-swish (else ReLU), stride. */
export type MobileNetV3Row = readonly [
  kernel: number,
  hidden: number,
  channels: number,
  se: boolean,
  hs: boolean,
  stride: number,
];

/** Blocks, and the width of the layer before the classifier. */
export const VARIANTS = {
  small: {
    rows: [
      [3, 16, 16, true, false, 2],
      [3, 72, 24, false, false, 2],
      [3, 88, 24, false, false, 1],
      [5, 96, 40, true, true, 2],
      [5, 240, 40, true, true, 1],
      [5, 240, 40, true, true, 1],
      [5, 120, 48, true, true, 1],
      [5, 144, 48, true, true, 1],
      [5, 288, 96, true, true, 2],
      [5, 576, 96, true, true, 1],
      [5, 576, 96, true, true, 1],
    ],
    last: 1024,
  },
  large: {
    rows: [
      [3, 16, 16, false, false, 1],
      [3, 64, 24, false, false, 2],
      [3, 72, 24, false, false, 1],
      [5, 72, 40, true, false, 2],
      [5, 120, 40, true, false, 1],
      [5, 120, 40, true, false, 1],
      [3, 240, 80, false, true, 2],
      [3, 200, 80, false, true, 1],
      [3, 184, 80, false, true, 1],
      [3, 184, 80, false, true, 1],
      [3, 480, 112, true, true, 1],
      [3, 672, 112, true, true, 1],
      [5, 672, 160, true, true, 2],
      [5, 960, 160, true, true, 1],
      [5, 960, 160, true, true, 1],
    ],
    last: 1280,
  },
} as const satisfies Record<string, { readonly rows: readonly MobileNetV3Row[]; readonly last: number }>;

/** Small or large. */
export type MobileNetV3Variant = (typeof VARIANTS)[keyof typeof VARIANTS];

/** Channels before the blocks. */
export const STEM = 16;

/** The variant that a model's name says. */
export function variantOf(name: string): MobileNetV3Variant {
  return VARIANTS[name.includes('small') ? 'small' : 'large'];
}
