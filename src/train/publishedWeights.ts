import type { Interpolation } from '../data/preprocessing.js';

/** What is known of published weights besides their tensors. */
export interface PublishedDescription {
  /** The publisher's name of the model. */
  readonly architecture?: string | undefined;
  /** Height and width of the images that they are evaluated on. */
  readonly imageSize: number;
  /** The share of the resized shorter side that is cropped: 0.875 for 224 of 256. */
  readonly cropShare: number;
  readonly interpolation: Interpolation;
  /** One value per channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Names of the classes, in order, where they are known. */
  readonly classes?: readonly string[] | undefined;
  /** What is asked for and not done, a sentence each. */
  readonly notices: readonly string[];
}

/** The shorter side before the centre crop of `imageSize`, as timm has it: rounded down. */
export function resizeSizeOf(
  { cropShare }: Pick<PublishedDescription, 'cropShare'>,
  imageSize: number,
): number {
  // 224/(224/232) must not be 231.
  return Math.floor(imageSize / cropShare + 1e-6);
}
