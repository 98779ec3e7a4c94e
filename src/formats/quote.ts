/** Text of a possibly hostile file, escaped for one line of a message. */
export function printable(text: string): string {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}

/** The same, in quotation marks. */
export function quoted(text: string): string {
  return `"${printable(text)}"`;
}
