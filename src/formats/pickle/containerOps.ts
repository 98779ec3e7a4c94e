import type { PickleMachine } from './machine.js';
import type { OpcodeTable } from './opcodes.js';
import { describeValue, PickleFault, PickleTuple, type PickleValue } from './values.js';

function setItems(m: PickleMachine, target: PickleValue, items: readonly PickleValue[]): void {
  if (!(target instanceof Map)) throw new PickleFault(`sets an item of ${describeValue(target)}`);
  if (items.length % 2 !== 0) throw new PickleFault('has a key without a value');
  for (let i = 0; i < items.length; i += 2) target.set(m.key(items[i]!), items[i + 1]!);
}

function append(target: PickleValue, items: readonly PickleValue[]): void {
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
  if (!(target instanceof Set)) throw new PickleFault(`adds to ${describeValue(target)}`);
  for (const item of items) target.add(item);
}

/** Instructions that make and fill lists, dicts, tuples and sets. */
export const containerOps: OpcodeTable = {
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
