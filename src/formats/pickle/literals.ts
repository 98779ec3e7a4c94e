import { printable } from '../quote.js';
import { latin1, PickleFault } from './values.js';

/** Bytes or digits of an integer at most. */
const MAX_INTEGER_LENGTH = 1024;

/** A JavaScript number where that is exact. */
function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A little-endian integer in two's complement, of any length. */
export function integerFromBytes(bytes: Uint8Array): number | bigint {
  if (bytes.length > MAX_INTEGER_LENGTH) throw new PickleFault(`has an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  return narrow(BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits.reverse().join('')}`)));
}

/** An integer in decimal digits, with the L that Python 2 put after long ones. */
export function integerFromText(text: string): number | bigint {
  if (text.length > MAX_INTEGER_LENGTH || !/^[+-]?[0-9]+L?$/.test(text))
    throw new PickleFault(`has ${printable(text)} where an integer is expected`);
  return narrow(BigInt(text.replace(/L$/, '').replace(/^\+/, '')));
}

/** A float as Python writes it. */
export function floatFromText(text: string): number {
  const special = /^([+-]?)(inf|nan)$/.exec(text);
  if (special) return special[2] === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text))
    throw new PickleFault(`has ${printable(text)} where a number is expected`);
  return Number(text);
}

const escapes: Readonly<Record<string, number>> = {
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

/** The bytes of a string as Python 2's `repr` writes it, quotes included. */
export function quotedBytes(line: Uint8Array): Uint8Array {
  const text = latin1(line).trimEnd();
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote)
    throw new PickleFault('has a string without quotes');
  const bytes = new Uint8Array(text.length - 2);
  let length = 0;
  const pattern = /\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|([\\'"abfnrtv]))|([^\\])/gsy;
  pattern.lastIndex = 1;
  while (pattern.lastIndex < text.length - 1) {
    const match = pattern.exec(text);
    if (!match) throw new PickleFault('has a string with a malformed escape');
    const [, hex, octal, letter, plain] = match;
    if (hex !== undefined) bytes[length++] = Number.parseInt(hex, 16);
    else if (octal !== undefined) bytes[length++] = Number.parseInt(octal, 8) & 0xff;
    else if (letter !== undefined) bytes[length++] = escapes[letter]!;
    else bytes[length++] = plain!.charCodeAt(0);
  }
  if (pattern.lastIndex !== text.length - 1)
    throw new PickleFault('has a string whose last quote is escaped');
  return bytes.subarray(0, length);
}

/** Text in Python's raw-unicode-escape: Latin-1 with \uXXXX and \UXXXXXXXX. */
export function rawUnicode(line: Uint8Array): string {
  return latin1(line).replace(
    /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g,
    (_, short?: string, long?: string) => {
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (code > 0x10ffff) throw new PickleFault('has a character beyond Unicode');
      return String.fromCodePoint(code);
    },
  );
}
