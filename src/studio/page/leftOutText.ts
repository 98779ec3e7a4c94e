/** Names that are listed; of more there is only the number. */
const LISTED = 3;

/** Says which files are not taken for images; empty if there are none. */
export function leftOutText(names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length - LISTED;
  const listed = [...names.slice(0, LISTED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `left out: ${listed} (no images that this browser knows; of a folder, choose the images in it)`;
}
