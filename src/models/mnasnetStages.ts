/** MnasNet-B1's sizes, which torchvision's and timm's implementations share. */

/** Expansion, kernel, stride of the first block, output channels, blocks. */
export const STAGES = [
  [3, 3, 2, 24, 3],
  [3, 5, 2, 40, 3],
  [6, 5, 2, 80, 3],
  [6, 3, 1, 96, 2],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;
/** Channels of the stem. */
export const STEM = 32;
/** Channels of the first block. */
export const FIRST = 16;
/** Channels of the last convolution. */
export const HEAD = 1280;
