import { isMap, isSet, isUint8Array } from '../../realms.js';
import { printable } from '../quote.js';
import { PickleCursor } from './cursor.js';
import {
  type CallContext,
  InertGlobal,
  InertObject,
  latin1,
  PickleFault,
  type PickleGlobals,
  PickleLimit,
  type PickleObject,
  PickleTuple,
  type PickleValue,
} from './values.js';

/** Lists, dicts, tuples, byte strings and other objects that any pickle may make: ten times what CIFAR's files have. */
const MAX_OBJECTS = 500_000;
/** Objects that a small pickle may make; a larger one, one more for every {@link BYTES_OF_OBJECT} bytes. */
const BASE_OBJECTS = 20_000;
/** Half of what an object takes in the pickle of a checkpoint. */
const BYTES_OF_OBJECT = 8;
/** Objects that it may remember. */
const MAX_MEMO = 1_000_000;
/** Lists and tuples that may be open at once. */
const MAX_MARKS = 1000;
/** Instructions at most. */
const MAX_STEPS = 5_000_000;
/** Bytes that calls may copy in any pickle; in a large one, twice its size beside. */
const BASE_COPIES = 2 ** 22;

/** What the machine lets a pickle refer to. */
export interface MachineOptions {
  readonly globals: PickleGlobals;
  /**
   * How other globals are treated: the pickle is refused (default), or they and what is made with them become inert
   * placeholders, as does an object whose contents cannot be read. Nothing is ever called for them.
   */
  readonly unknown?: 'refuse' | 'placeholder' | undefined;
  /** Resolves an object that lies outside of the pickle. Without it such an object is refused. */
  readonly persistentLoad?: ((id: PickleValue) => PickleValue) | undefined;
}

/**
 * The stack machine that pickles are programs for, with its memo and its budgets: of instructions, of
 * objects, and of bytes that calls copy. So time and memory stay in proportion to the file, whatever it
 * says.
 */
export class PickleMachine implements CallContext {
  readonly cursor: PickleCursor;
  readonly memo = new Map<number, PickleValue>();
  private stack: PickleValue[] = [];
  private readonly marks: number[] = [];
  private readonly maxObjects: number;
  private objects = 0;
  private stepsLeft = MAX_STEPS;
  private copiesLeft: number;

  constructor(
    bytes: Uint8Array,
    start: number,
    readonly options: MachineOptions,
  ) {
    this.cursor = new PickleCursor(bytes, start);
    this.copiesLeft = BASE_COPIES + 2 * bytes.length;
    this.maxObjects = Math.min(MAX_OBJECTS, BASE_OBJECTS + Math.floor(bytes.length / BYTES_OF_OBJECT));
  }

  /** Spends an instruction. */
  step(): void {
    if (--this.stepsLeft < 0) throw new PickleLimit(`has more than ${MAX_STEPS} instructions`);
  }

  /** Spends `bytes` that are about to be copied. */
  private charge(bytes: number): void {
    this.copiesLeft -= bytes;
    if (this.copiesLeft < 0) throw new PickleLimit('copies its objects too often');
  }

  push(value: PickleValue): void {
    if (typeof value === 'object' && value !== null && ++this.objects > this.maxObjects)
      throw new PickleLimit(`makes more than ${this.maxObjects} objects`);
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
      throw new PickleLimit(`has more than ${MAX_MARKS} lists and tuples open at once`);
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
    if (this.memo.size > MAX_MEMO) throw new PickleLimit(`remembers more than ${MAX_MEMO} objects`);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw new PickleFault(`refers to object ${index}, which it did not remember`);
    this.pushAgain(value);
  }

  readonly key = (value: PickleValue): PickleValue => {
    if (!isUint8Array(value)) return value;
    this.charge(value.length);
    return latin1(value);
  };

  global(module: string, name: string): PickleObject {
    const full = `${module}.${name}`;
    // Names may be made of remembered texts, of any length.
    this.charge(full.length);
    const found = this.options.globals.get(full);
    if (found) return found;
    if (this.options.unknown === 'placeholder') return new InertGlobal(full);
    throw new PickleFault(`refers to ${printable(full)}, which is not allowed`);
  }

  persistent(id: PickleValue): PickleValue {
    if (!this.options.persistentLoad) throw new PickleFault('refers to an object outside of it');
    try {
      return this.options.persistentLoad(id);
    } catch (error) {
      return new InertObject('something outside of the pickle', this.tolerated(error));
    }
  }

  /** Why an object cannot be read, where such objects become placeholders; otherwise, and at a limit, the error is thrown again. */
  tolerated(error: unknown): string {
    if (
      this.options.unknown === 'placeholder' &&
      error instanceof PickleFault &&
      !(error instanceof PickleLimit)
    )
      return error.message;
    throw error;
  }

  /** Spends what copying a value, or the items of a tuple, would take. */
  chargeFor(value: PickleValue): void {
    const items = value instanceof PickleTuple ? value.items : [value];
    for (const item of items) this.charge(sizeOf(item));
  }
}

/** Roughly the bytes that a copy of a value takes, not of what is in it. */
function sizeOf(value: PickleValue): number {
  if (typeof value === 'string' || isUint8Array(value)) return value.length;
  if (Array.isArray(value)) return 8 * value.length;
  if (isMap(value) || isSet(value)) return 32 * value.size;
  return value instanceof PickleTuple ? 8 * value.items.length : 0;
}
