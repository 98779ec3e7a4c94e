/**
 * The stages of EfficientNet-B0, and at width and depth 1 of EfficientNet-Lite, whose first and last stage keep their depth:
 * expansion, kernel, stride of the first block, output channels, blocks.
 */
export const STAGES = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;

/** Channels before the stages. */
export const STEM = 32;

/** Channels after them. */
export const HEAD = 1280;
