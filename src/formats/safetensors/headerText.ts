import { quoted } from '../quote.js';
/** A token of the header is not what the grammar has there. The message fits after "the header … ". */
export class HeaderError extends Error {
  override readonly name = 'HeaderError';
}

/** Keys of one object at most: more than any model has, and a bound on what a hostile header can make us hold. */
const MAX_KEYS = 500_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads the tokens of a safetensors header. A parser of its own, because JSON.parse forgets duplicate
 * keys and the order of keys that look like numbers, takes 1.0 and 1e3 for integers, and builds whatever
 * a hostile header asks for before anything can be checked.
 */
export class HeaderText {
  private position = 0;

  constructor(private readonly text: string) {}

  /** Whether the next token is the given mark, which is then passed. */
  takes(mark: string): boolean {
    this.skipSpace();
    if (this.text[this.position] !== mark) return false;
    this.position++;
    return true;
  }

  /** Passes a mark. @throws HeaderError when something else is there */
  expect(mark: string): void {
    if (!this.takes(mark)) throw this.unexpected(`"${mark}"`);
  }

  /** A JSON string without lone surrogates. @throws HeaderError */
  string(): string {
    this.skipSpace();
    const start = this.position;
    if (this.text.charCodeAt(start) !== QUOTE) throw this.unexpected('a string');
    let end = start + 1;
    for (let code = this.text.charCodeAt(end); code !== QUOTE; code = this.text.charCodeAt(end)) {
      if (Number.isNaN(code)) throw new HeaderError('ends within a string');
      end += code === BACKSLASH ? 2 : 1;
    }
    this.position = end + 1;
    return decodeString(this.text.slice(start, end + 1), start);
  }

  /** A whole number from 0 to 2^53 − 1, in digits. @throws HeaderError */
  natural(): number {
    this.skipSpace();
    const digits = /(?:0|[1-9][0-9]{0,19})(?![0-9.eE])/y;
    digits.lastIndex = this.position;
    const found = digits.exec(this.text)?.[0];
    if (found === undefined) throw this.unexpected('a whole number of at least 0');
    const value = Number(found);
    if (!Number.isSafeInteger(value)) throw new HeaderError(`has the number ${found}, which is too large`);
    this.position += found.length;
    return value;
  }

  /** Reads `open item, item… close`, calling `item` at each. */
  sequence(open: string, close: string, item: () => void): void {
    this.expect(open);
    if (this.takes(close)) return;
    do item();
    while (this.takes(','));
    this.expect(close);
  }

  /** Reads an object, calling `entry` where each value begins. @throws HeaderError for a duplicate key */
  object(entry: (key: string) => void): void {
    const keys = new Set<string>();
    this.sequence('{', '}', () => {
      const key = this.string();
      if (keys.has(key)) throw new HeaderError(`has the key ${quoted(key)} twice`);
      keys.add(key);
      if (keys.size > MAX_KEYS) throw new HeaderError(`has more than ${MAX_KEYS} keys`);
      this.expect(':');
      entry(key);
    });
  }

  /** @throws HeaderError unless nothing but white space is left */
  end(): void {
    this.skipSpace();
    if (this.position < this.text.length) throw this.unexpected('its end');
  }

  private skipSpace(): void {
    const space = /[ \t\r\n]*/y;
    space.lastIndex = this.position;
    space.test(this.text);
    this.position = space.lastIndex;
  }

  private unexpected(wanted: string): HeaderError {
    const found = this.text.slice(this.position, this.position + 12);
    return new HeaderError(
      `has ${found === '' ? 'its end' : quoted(found)} at character ${this.position}, where ${wanted} is expected`,
    );
  }
}

function decodeString(literal: string, position: number): string {
  let value: unknown;
  try {
    value = JSON.parse(literal);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'string' || /\p{Surrogate}/u.test(value))
    throw new HeaderError(`has a malformed string at character ${position}`);
  return value;
}
