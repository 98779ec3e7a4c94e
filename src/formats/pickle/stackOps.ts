import type { PickleMachine } from './machine.js';
import { integerFromText } from './numbers.js';
import type { OpcodeTable } from './opcodes.js';
import { latin1, natural, PickleFault } from './values.js';

/** Newest version of the format. */
const NEWEST_PROTOCOL = 5;

function memoIndex(m: PickleMachine): number {
  const index = integerFromText(latin1(m.cursor.line()));
  return natural(index, 'the number of an object');
}

function protocol(m: PickleMachine): void {
  const version = m.cursor.u8();
  if (version > NEWEST_PROTOCOL) throw new PickleFault(`is of the unknown pickle protocol ${version}`);
}

/** Instructions on the stack and the memo. */
export const stackOps: OpcodeTable = {
  '\x80': protocol,
  '\x95': (m) => void m.cursor.u64(),
  '(': (m) => m.mark(),
  '0': (m) => m.popValueOrMark(),
  '1': (m) => void m.popMark(),
  '2': (m) => m.pushAgain(m.top()),
  p: (m) => m.remember(memoIndex(m)),
  q: (m) => m.remember(m.cursor.u8()),
  r: (m) => m.remember(m.cursor.u32()),
  '\x94': (m) => m.remember(m.memo.size),
  g: (m) => m.recall(memoIndex(m)),
  h: (m) => m.recall(m.cursor.u8()),
  j: (m) => m.recall(m.cursor.u32()),
};
