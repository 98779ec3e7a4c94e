import type { Environment } from '../../../engines/systemLibraries/folders.js';
import { findTurboJpeg, type TurboJpegLibrary } from './library.js';

/** A library's version and place. */
export function describeTurboJpeg({ major, path }: TurboJpegLibrary): string {
  return `TurboJPEG ${major} (${path})`;
}

/** What a loader decodes JPEGs with, and why it is not TurboJPEG where it is not. */
export function jpegDecoderText(environment: Environment = process.env): string {
  const found = findTurboJpeg(environment);
  return 'reason' in found
    ? `JPEGs decoded by sharp; TurboJPEG: ${found.reason}`
    : `JPEGs decoded by ${describeTurboJpeg(found)}`;
}
