import type { PickleMachine } from './machine.js';
import type { OpcodeTable } from './opcodes.js';
import {
  describeValue,
  latin1,
  PickleFault,
  PickleGlobal,
  PickleObject,
  PickleTuple,
  type PickleValue,
  textOf,
  tupleItems,
} from './values.js';

function call(m: PickleMachine, callee: PickleValue, args: PickleValue): void {
  if (!(callee instanceof PickleGlobal) || !callee.call)
    throw new PickleFault(`calls ${describeValue(callee)}, which is not allowed`);
  m.chargeFor(args);
  m.push(callee.call(tupleItems(args, `the arguments of ${callee.name}`), m));
}

function reduce(m: PickleMachine): void {
  const args = m.pop();
  call(m, m.pop(), args);
}

/** Gives an object its state. A dict's is what its subclasses add to it, such as PyTorch's `_metadata`; it is passed over. */
function build(m: PickleMachine): void {
  const state = m.pop();
  const target = m.top();
  if (target instanceof Map) return;
  if (!(target instanceof PickleObject)) throw new PickleFault(`gives a state to ${describeValue(target)}`);
  m.chargeFor(state);
  target.build(state);
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
export const objectOps: OpcodeTable = {
  c: (m) => m.pushAgain(readGlobal(m)),
  '\x93': stackGlobal,
  R: reduce,
  '\x81': reduce,
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
