import type { Answer } from './classifyFile.js';

/** An image and what the model says of it. */
export interface TriedImage {
  readonly id: number;
  readonly file: File;
  /** Or why it could not be classified, in a sentence. */
  readonly answer: Answer | string;
}
