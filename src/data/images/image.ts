/** A decoded image: [height, width, 3] bytes. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Whether it is of 16-bit grey, whose values above 255 were clipped. */
  readonly isClippedGrey?: boolean;
}
