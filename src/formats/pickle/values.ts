/**
 * The values that a pickle is read into. None of the pickle's code is run: Python objects become
 * plain data, or objects of this library's own classes.
 */

import { isMap, isSet, isUint8Array } from '../../realms.js';
import { printable } from '../quote.js';

/** The pickle is malformed, too large, or asks for something that is not allowed. The message fits after the file's name. */
export class PickleFault extends Error {
  override readonly name = 'PickleFault';
}

/** A limit on time or memory is exceeded. Unlike other faults it is never tolerated. */
export class PickleLimit extends PickleFault {}

/** A value that is neither a JavaScript primitive nor a plain container. Subclasses say what it is by `kind`. */
export abstract class PickleObject {
  abstract readonly kind: string;

  /** Why the object cannot be used, where it was given a state that is not understood. */
  fault?: string | undefined;

  /** Takes the state that the pickle gives to an object after it was made (Python's `__setstate__`). @throws PickleFault where it has none */
  build(_state: PickleValue): void {
    throw new PickleFault(`gives a state to a ${this.kind}`);
  }
}

/**
 * A value of a pickle. dict is a Map, list an array, set and frozenset a Set, bytes and bytearray bytes;
 * integers beyond 2^53 are bigint. Python 2's `str` is bytes too ({@link textOf} reads both), but as a
 * key of a dict it is text, one character a byte, as are bytes.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Set<PickleValue>
  | Map<PickleValue, PickleValue>
  | PickleObject;

/** Python's tuple. */
export class PickleTuple extends PickleObject {
  override readonly kind = 'tuple';

  constructor(readonly items: readonly PickleValue[]) {
    super();
  }
}

/** The part of the machine that a call may use. */
export interface CallContext {
  /** A key of a dict: bytes become text, so that it can be found again. What that copies is counted. */
  readonly key: (value: PickleValue) => PickleValue;
}

/** What a call of a global returns. It must not copy more than a few times its arguments, items of items not included. */
export type PickleCall = (args: readonly PickleValue[], context: CallContext) => PickleValue;

/** A class or function that a pickle names. Only with `call` can the pickle call it. */
export class PickleGlobal extends PickleObject {
  override readonly kind = 'global';

  constructor(
    /** Module and name, with a dot between. */
    readonly name: string,
    readonly call?: PickleCall,
  ) {
    super();
  }
}

/** An unknown class or function. Nothing is looked up: calling it makes an {@link InertObject}. */
export class InertGlobal extends PickleObject {
  override readonly kind: string;

  constructor(readonly name: string) {
    super();
    this.kind = `reference to ${printable(name)}`;
  }
}

/**
 * A placeholder for an unsupported object: of an unknown class, or of a known one whose contents
 * cannot be read. It accepts any state and any items, and keeps none of them.
 */
export class InertObject extends PickleObject {
  override readonly kind: string;
  /** Whether its state is that of a `torch.nn.Module`. */
  isModule = false;

  /**
   * @param name of the class or function, with its module
   * @param fault why a known one could not be read
   */
  constructor(
    readonly name: string,
    override readonly fault?: string,
  ) {
    super();
    this.kind = `placeholder for an object of ${printable(name)}`;
  }

  override build(state: PickleValue): void {
    const module = isMap(state) && state.has('_modules') && state.has('_parameters');
    this.isModule ||= module;
  }
}

/** What a pickle may refer to, by module and name with a dot between. */
export type PickleGlobals = ReadonlyMap<string, PickleObject>;

/** A table of globals. */
export function globalsTable(globals: readonly PickleGlobal[]): PickleGlobals {
  return new Map(globals.map((global) => [global.name, global]));
}

/** Bytes as text, one character a byte. */
export function latin1(bytes: Uint8Array): string {
  // In parts, since a call takes only so many arguments. TextDecoder's latin1 is Windows-1252, another encoding.
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

/** The text of a Python string, be it Python 3's, Python 2's or bytes (one character a byte); undefined for other values. */
export function textOf(value: PickleValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return isUint8Array(value) ? latin1(value) : undefined;
}

/** The items of a tuple. @throws PickleFault for other values */
export function tupleItems(value: PickleValue | undefined, what: string): readonly PickleValue[] {
  if (value instanceof PickleTuple) return value.items;
  throw new PickleFault(`has ${describeValue(value)} as ${what}, where a tuple is expected`);
}

/** A tuple of integers of at least 0. @throws PickleFault for other values */
export function naturalItems(value: PickleValue | undefined, what: string): number[] {
  return tupleItems(value, what).map((item) => natural(item, `a number of ${what}`));
}

/** An integer from 0 to 2^53 − 1. @throws PickleFault for other values */
export function natural(value: PickleValue | undefined, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PickleFault(
    `has ${describeValue(value)} as ${what}, where a whole number of at least 0 is expected`,
  );
}

/** A short description of a value, for messages. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'string') return `the text ${printable(value)}`;
  if (value instanceof InertObject) return `an object of ${printable(value.name)}`;
  if (typeof value === 'object') return `a ${kindOf(value)}`;
  return printable(String(value));
}

function kindOf(value: Exclude<PickleValue, null | boolean | number | bigint | string>): string {
  if (value instanceof PickleGlobal) return `reference to ${printable(value.name)}`;
  if (value instanceof PickleObject) return value.kind;
  if (isMap(value)) return 'dict';
  if (isSet(value)) return 'set';
  return Array.isArray(value) ? 'list' : 'bytes object';
}
