import { someItems } from '../../formats/someItems.js';

/** Names that are listed; of more there is only the number. */
const LISTED = 3;

/** Says which files are not taken for images; empty if there are none. */
export function leftOutText(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `left out: ${someItems(names, LISTED).join(', ')} (no images that this browser knows; of a folder, choose the images in it)`;
}
