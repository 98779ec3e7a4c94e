/** Text of a possibly hostile file, escaped for one line of a message. */
export function printable(text: string): string {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}

/** A text whose control characters are escaped, so that it stays on its line: a name's line break is `\n`. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** What {@link printable} gives, in quotation marks. */
export function quoted(text: string): string {
  return `"${printable(text)}"`;
}
