import { printable } from '../quote.js';
import { PickleFault } from './values.js';

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
    throw new PickleFault(`has ${printable(text)} where an integer must be`);
  return narrow(BigInt(text.replace(/L$/, '').replace(/^\+/, '')));
}

/** A float as Python writes it. */
export function floatFromText(text: string): number {
  const special = /^([+-]?)(inf|nan)$/.exec(text);
  if (special) return special[2] === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text))
    throw new PickleFault(`has ${printable(text)} where a number must be`);
  return Number(text);
}
