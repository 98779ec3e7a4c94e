import { readFileSync } from 'node:fs';

/**
 * The text of a small hand-written file: UTF-8, or UTF-16 as saved by Windows programs, with or without a byte order
 * mark, which is dropped.
 */
export function readTextFile(path: string): string {
  const bytes = readFileSync(path);
  return decodeText(bytes);
}

/** As {@link readTextFile}, from the file's bytes. */
export function decodeText(bytes: Uint8Array): string {
  const [a, b] = bytes;
  // Without a mark, a zero byte indicates UTF-16, as the text is mostly ASCII.
  const isLittle = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && bytes.length > 1);
  const isBig = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && bytes.length > 1);
  return new TextDecoder(isLittle ? 'utf-16le' : isBig ? 'utf-16be' : 'utf-8').decode(bytes);
}

/** Lines with their numbers from 1, trimmed, without empty ones and comments, which start with #. */
export function linesOf(text: string): { readonly line: string; readonly number: number }[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
}
