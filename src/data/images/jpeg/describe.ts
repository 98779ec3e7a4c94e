import type { Environment } from '../../../engines/systemLibraries/folders.js';
import { findTurboJpeg } from './library.js';

/** What a loader decodes JPEGs with, and why it is not TurboJPEG where it is not. */
export function jpegDecoderText(environment: Environment = process.env): string {
  const found = findTurboJpeg(environment);
  return 'reason' in found
    ? `JPEGs decoded by sharp; TurboJPEG: ${found.reason}`
    : `JPEGs decoded by TurboJPEG ${found.major} (${found.path})`;
}
