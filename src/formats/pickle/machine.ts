import { printable } from '../quote.js';
import { PickleCursor } from './cursor.js';
import {
  latin1,
  PickleFault,
  type PickleGlobals,
  type PickleObject,
  PickleTuple,
  type PickleValue,
} from './values.js';

/** Lists, dicts, tuples, byte strings and other objects that a pickle may make: ten times what CIFAR's files have. */
const MAX_OBJECTS = 500_000;
/** Objects that it may remember. */
const MAX_MEMO = 1_000_000;
/** Lists and tuples that may be open at once. */
const MAX_MARKS = 1000;
/** Steps that any pickle may take; a large one may take as many again as it has bytes. */
const BASE_STEPS = 10_000_000;

/** What the machine lets a pickle refer to. */
export interface MachineOptions {
  readonly globals: PickleGlobals;
  /** Resolves an object that lies outside of the pickle. Without it such an object is refused. */
  readonly persistentLoad?: ((id: PickleValue) => PickleValue) | undefined;
}

/**
 * The stack machine that pickles are programs for, with its memo and its budget. The budget counts
 * instructions and what they copy, so that time and memory stay in proportion to the file, whatever the
 * file says.
 */
export class PickleMachine {
  readonly cursor: PickleCursor;
  readonly memo = new Map<number, PickleValue>();
  private stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private objects = 0;
  private stepsLeft: number;

  constructor(
    bytes: Uint8Array,
    start: number,
    readonly options: MachineOptions,
  ) {
    this.cursor = new PickleCursor(bytes, start);
    this.stepsLeft = BASE_STEPS + 2 * bytes.length;
  }

  /** Spends `steps` of the budget. */
  charge(steps: number): void {
    this.stepsLeft -= steps;
    if (this.stepsLeft < 0) throw new PickleFault('takes too many steps to read');
  }

  push(value: PickleValue): void {
    if (typeof value === 'object' && value !== null && ++this.objects > MAX_OBJECTS)
      throw new PickleFault(`makes more than ${MAX_OBJECTS} objects`);
    this.stack.push(value);
  }

  /** Puts a value that exists already on the stack. */
  pushAgain(value: PickleValue): void {
    this.stack.push(value);
  }

  /** Lowest place in the stack that instructions may reach: above the last mark. */
  private get floor(): number {
    return this.marks.at(-1) ?? 0;
  }

  pop(): PickleValue {
    if (this.stack.length <= this.floor) throw new PickleFault('takes a value from an empty stack');
    return this.stack.pop() ?? null;
  }

  /** The value on top, which stays there. */
  top(): PickleValue {
    if (this.stack.length <= this.floor) throw new PickleFault('looks at an empty stack');
    return this.stack.at(-1) ?? null;
  }

  mark(): void {
    if (this.marks.push(this.stack.length) > MAX_MARKS)
      throw new PickleFault(`has more than ${MAX_MARKS} lists and tuples open at once`);
  }

  /** Takes everything above the last mark, and the mark. */
  popMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw new PickleFault('closes a list that it did not open');
    return this.stack.splice(mark);
  }

  /** Takes the top value, or the mark where that is on top. */
  popValueOrMark(): void {
    if (this.marks.length > 0 && this.floor === this.stack.length) this.marks.pop();
    else this.pop();
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
    if (this.memo.size > MAX_MEMO) throw new PickleFault(`remembers more than ${MAX_MEMO} objects`);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new PickleFault(`refers to object ${index}, which it did not remember`);
    this.pushAgain(value);
  }

  /** A key of a dict: bytes become text, so that it can be found again. */
  key(value: PickleValue): PickleValue {
    if (!(value instanceof Uint8Array)) return value;
    this.charge(value.length);
    return latin1(value);
  }

  global(module: string, name: string): PickleObject {
    const full = `${module}.${name}`;
    const found = this.options.globals.get(full);
    if (!found) throw new PickleFault(`refers to ${printable(full)}, which is not allowed`);
    return found;
  }

  persistent(id: PickleValue): PickleValue {
    if (!this.options.persistentLoad) throw new PickleFault('refers to an object outside of it');
    return this.options.persistentLoad(id);
  }

  /** Spends what copying a value's parts would take. */
  chargeFor(value: PickleValue): void {
    const items = value instanceof PickleTuple ? value.items : [value];
    for (const item of items) this.charge(1 + lengthOf(item));
  }
}

function lengthOf(value: PickleValue): number {
  if (typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  return value instanceof PickleTuple ? value.items.length : 0;
}
