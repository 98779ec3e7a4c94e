import { floatFromText, integerFromBytes, integerFromText } from './numbers.js';
import type { OpcodeTable } from './opcodes.js';
import { quotedBytes, rawUnicode } from './texts.js';
import { latin1, type PickleValue } from './values.js';

/** Python 1 wrote booleans as integers in two digits. */
function integerOrBoolean(text: string): PickleValue {
  if (text === '00') return false;
  return text === '01' ? true : integerFromText(text);
}

/** Instructions that push a constant. */
export const dataOps: OpcodeTable = {
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true),
  '\x89': (m) => m.push(false),
  I: (m) => m.push(integerOrBoolean(latin1(m.cursor.line()))),
  L: (m) => m.push(integerFromText(latin1(m.cursor.line()))),
  J: (m) => m.push(m.cursor.i32()),
  K: (m) => m.push(m.cursor.u8()),
  M: (m) => m.push(m.cursor.u16()),
  '\x8a': (m) => m.push(integerFromBytes(m.cursor.data(m.cursor.u8()))),
  '\x8b': (m) => m.push(integerFromBytes(m.cursor.data(m.cursor.u32()))),
  F: (m) => m.push(floatFromText(latin1(m.cursor.line()))),
  G: (m) => m.push(m.cursor.f64()),
  S: (m) => m.push(quotedBytes(m.cursor.line())),
  T: (m) => m.push(m.cursor.data(m.cursor.u32())),
  U: (m) => m.push(m.cursor.data(m.cursor.u8())),
  B: (m) => m.push(m.cursor.data(m.cursor.u32())),
  C: (m) => m.push(m.cursor.data(m.cursor.u8())),
  '\x8e': (m) => m.push(m.cursor.data(m.cursor.u64())),
  '\x96': (m) => m.push(m.cursor.data(m.cursor.u64())),
  V: (m) => m.push(rawUnicode(m.cursor.line())),
  X: (m) => m.push(m.cursor.text(m.cursor.u32())),
  '\x8c': (m) => m.push(m.cursor.text(m.cursor.u8())),
  '\x8d': (m) => m.push(m.cursor.text(m.cursor.u64())),
};
