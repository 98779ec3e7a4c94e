/**
 * A text as one word of a command that is shown to be copied: as it is, or quoted where a shell would divide or change it.
 *
 * @param platform whose shells read it
 */
export function shellWord(text: string, platform: string = process.platform): string {
  if (platform === 'win32') return /^[\w.:@%+,=/\\-]+$/.test(text) ? text : `"${text}"`;
  return /^[\w.:@%+,=/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
