import { isMap, isSet } from '../../realms.js';
import { floatFromText, integerFromBytes, integerFromText, quotedBytes, rawUnicode } from './literals.js';
import type { PickleMachine } from './machine.js';
import {
  describeValue,
  InertGlobal,
  InertObject,
  latin1,
  natural,
  PickleFault,
  PickleGlobal,
  PickleObject,
  PickleTuple,
  type PickleValue,
  textOf,
  tupleItems,
} from './values.js';

/** What instructions do, by their byte as a Latin-1 character, as Python's pickletools lists them. */
type OpcodeTable = Readonly<Record<string, (machine: PickleMachine) => void>>;

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
const stackOps: OpcodeTable = {
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

/** Python 1 wrote booleans as integers in two digits. */
function integerOrBoolean(text: string): PickleValue {
  if (text === '00') return false;
  return text === '01' ? true : integerFromText(text);
}

/** Instructions that push a constant. */
const dataOps: OpcodeTable = {
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

function setItems(m: PickleMachine, target: PickleValue, items: readonly PickleValue[]): void {
  if (target instanceof InertObject) return;
  if (!isMap(target)) throw new PickleFault(`sets an item of ${describeValue(target)}`);
  if (items.length % 2 !== 0) throw new PickleFault('has a key without a value');
  for (let i = 0; i < items.length; i += 2) target.set(m.key(items[i]!), items[i + 1]!);
}

function append(target: PickleValue, items: readonly PickleValue[]): void {
  if (target instanceof InertObject) return;
  if (!Array.isArray(target)) throw new PickleFault(`appends to ${describeValue(target)}`);
  for (const item of items) target.push(item);
}

/** Takes `count` values and pushes them as a tuple. */
function tuple(m: PickleMachine, count: number): void {
  const items: PickleValue[] = [];
  for (let i = 0; i < count; i++) items.unshift(m.pop());
  m.push(new PickleTuple(items));
}

function dictFromMark(m: PickleMachine): void {
  const items = m.popMark();
  const dict = new Map<PickleValue, PickleValue>();
  setItems(m, dict, items);
  m.push(dict);
}

function setItem(m: PickleMachine): void {
  const value = m.pop();
  const key = m.pop();
  setItems(m, m.top(), [key, value]);
}

function addItems(m: PickleMachine): void {
  const items = m.popMark();
  const target = m.top();
  if (target instanceof InertObject) return;
  if (!isSet(target)) throw new PickleFault(`adds to ${describeValue(target)}`);
  for (const item of items) target.add(item);
}

/** Instructions that make and fill lists, dicts, tuples and sets. */
const containerOps: OpcodeTable = {
  ']': (m) => m.push([]),
  l: (m) => m.push(m.popMark()),
  a: (m) => {
    const item = m.pop();
    append(m.top(), [item]);
  },
  e: (m) => {
    const items = m.popMark();
    append(m.top(), items);
  },
  '}': (m) => m.push(new Map()),
  d: dictFromMark,
  s: setItem,
  u: (m) => {
    const items = m.popMark();
    setItems(m, m.top(), items);
  },
  ')': (m) => tuple(m, 0),
  t: (m) => m.push(new PickleTuple(m.popMark())),
  '\x85': (m) => tuple(m, 1),
  '\x86': (m) => tuple(m, 2),
  '\x87': (m) => tuple(m, 3),
  '\x8f': (m) => m.push(new Set()),
  '\x90': addItems,
  '\x91': (m) => m.push(new Set(m.popMark())),
};

function call(m: PickleMachine, callee: PickleValue, args: PickleValue): void {
  if (callee instanceof InertGlobal || callee instanceof InertObject) {
    m.push(new InertObject(callee.name));
    return;
  }
  if (!(callee instanceof PickleGlobal) || !callee.call)
    throw new PickleFault(`calls ${describeValue(callee)}, which is not allowed`);
  m.chargeFor(args);
  try {
    m.push(callee.call(tupleItems(args, `the arguments of ${callee.name}`), m));
  } catch (error) {
    m.push(new InertObject(callee.name, m.tolerated(error)));
  }
}

function reduce(m: PickleMachine): void {
  const args = m.pop();
  call(m, m.pop(), args);
}

/** `__newobj_ex__`: a class, its arguments, and keyword arguments, which only an inert object may have. */
function newObjectEx(m: PickleMachine): void {
  m.pop();
  const args = m.pop();
  const callee = m.pop();
  if (!(callee instanceof InertGlobal))
    throw new PickleFault(`calls ${describeValue(callee)} with keyword arguments`);
  call(m, callee, args);
}

/** Gives an object its state. A dict's is what its subclasses add to it, such as PyTorch's `_metadata`; it is passed over. */
function build(m: PickleMachine): void {
  const state = m.pop();
  const target = m.top();
  if (isMap(target)) return;
  if (!(target instanceof PickleObject)) throw new PickleFault(`gives a state to ${describeValue(target)}`);
  m.chargeFor(state);
  try {
    target.build(state);
  } catch (error) {
    target.fault = m.tolerated(error);
  }
}

function readGlobal(m: PickleMachine): PickleObject {
  const module = latin1(m.cursor.line());
  return m.global(module, latin1(m.cursor.line()));
}

function stackGlobal(m: PickleMachine): void {
  const name = textOf(m.pop());
  const module = textOf(m.pop());
  if (module === undefined || name === undefined) throw new PickleFault('refers to a name that is not text');
  m.pushAgain(m.global(module, name));
}

/** Instructions that name classes and functions, and make objects with them. */
const objectOps: OpcodeTable = {
  c: (m) => m.pushAgain(readGlobal(m)),
  '\x93': stackGlobal,
  R: reduce,
  '\x81': reduce,
  '\x92': newObjectEx,
  b: build,
  i: (m) => {
    const callee = readGlobal(m);
    call(m, callee, new PickleTuple(m.popMark()));
  },
  o: (m) => {
    const [callee = null, ...args] = m.popMark();
    call(m, callee, new PickleTuple(args));
  },
  P: (m) => m.push(m.persistent(latin1(m.cursor.line()))),
  Q: (m) => m.push(m.persistent(m.pop())),
};

const table: OpcodeTable = { ...stackOps, ...dataOps, ...containerOps, ...objectOps };

/** What each of the 256 bytes does as an instruction; undefined where it is none that is read. */
export const instructions: readonly (OpcodeTable[string] | undefined)[] = Array.from(
  { length: 256 },
  (_, byte) => table[String.fromCharCode(byte)],
);
