/** MnasNet-B1's sizes, which torchvision's and timm's implementations share. */

/** Kernel, stride of the first block, expansion, output channels, blocks. */
export const STAGES = [
  [3, 2, 3, 24, 3],
  [5, 2, 3, 40, 3],
  [5, 2, 6, 80, 3],
  [3, 1, 6, 96, 2],
  [5, 2, 6, 192, 4],
  [3, 1, 6, 320, 1],
] as const;
/** Channels of the stem. */
export const STEM = 32;
/** Channels of the first block. */
export const FIRST = 16;
/** Channels of the last convolution. */
export const HEAD = 1280;
