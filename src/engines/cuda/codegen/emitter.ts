import type { StorageType } from '../device.js';
import type { PlanBuffer } from '../plan/buffer.js';
import { Index, type IndexVariable, type IntegerScope } from './index.js';
import type { Stored } from './stored.js';

/** A value in a kernel: a name, or an element of an array with one for each lane. */
export interface Operand {
  /** C++ for lane `j`. */
  readonly text: string;
  /** Whether lanes have different values. */
  readonly laned: boolean;
}

/** A condition would be true for some lanes of a thread only: the kernel needs fewer lanes. */
export class UnevenLanes extends Error {}

/** C++ types of what is computed from stored numbers. */
const COMPUTED: Readonly<Record<StorageType, string>> = { f32: 'float', bf16: 'float', i32: 'int' };

/** A tensor that a kernel has just computed: what it reads of it, it has. */
export interface Held {
  readonly stored: Stored;
  /**
   * The element at an index.
   *
   * @throws NotHeld where the kernel has not computed it
   */
  element(index: readonly Index[]): Operand;
}

/** A kernel would read an element that another block of the same launch computes. */
export class NotHeld extends Error {}

/** What emitters of one kernel have in common. */
interface Shared {
  readonly pointers: Map<PlanBuffer, { name: string; type: StorageType }>;
  readonly held: Held[];
  names: number;
}

/** Where names are known. */
interface Scope {
  readonly lines: string[];
  readonly known: Map<string, string>;
}

/**
 * Writes the body of a kernel, each of whose threads computes `lanes` neighbouring elements. What has been computed is computed
 * once: equal expressions have one name as long as it is in scope.
 */
export class Emitter implements IntegerScope {
  private readonly scopes: Scope[] = [{ lines: [], known: new Map() }];

  constructor(
    readonly lanes: number,
    private readonly shared: Shared = { pointers: new Map(), held: [], names: 0 },
  ) {}

  /** The buffers that the code reads or writes, in the order of the kernel's parameters. */
  get buffers(): readonly {
    readonly buffer: PlanBuffer;
    readonly name: string;
    readonly type: StorageType;
  }[] {
    return [...this.shared.pointers].map(([buffer, { name, type }]) => ({ buffer, name, type }));
  }

  /** The name of the pointer to a buffer. */
  pointer(buffer: PlanBuffer, type: StorageType): string {
    const { pointers } = this.shared;
    const known = pointers.get(buffer);
    if (known) {
      if (known.type !== type) throw new Error(`a buffer is used as ${known.type} and as ${type}`);
      return known.name;
    }
    const name = `p${pointers.size}`;
    pointers.set(buffer, { name, type });
    return name;
  }

  line(text: string): void {
    this.scopes.at(-1)!.lines.push(text);
  }

  /** A new name. */
  name(prefix: string): string {
    return `${prefix}${this.shared.names++}`;
  }

  /** A number computed by an expression of lane `j`. */
  value(text: string, laned: boolean, type: 'float' | 'int' = 'float'): Operand {
    const name = this.once(`${type} ${laned} ${text}`, () => {
      const fresh = this.name('t');
      if (laned) this.line(`${type} ${fresh}[${this.lanes}]; LANES(${this.lanes}) ${fresh}[j] = ${text};`);
      else this.line(`const ${type} ${fresh} = ${text};`);
      return fresh;
    });
    return { text: laned ? `${name}[j]` : name, laned };
  }

  /** A number for each lane that code changes, from an initial one. */
  changing(initial: string, type: 'float' | 'int' = 'float'): Operand {
    const name = this.name('s');
    this.line(`${type} ${name}[${this.lanes}]; LANES(${this.lanes}) ${name}[j] = ${initial};`);
    return this.lane(name);
  }

  /** A lane of an array with one number for each. */
  lane(name: string): Operand {
    return this.lanes === 1 ? { text: `${name}[0]`, laned: false } : { text: `${name}[j]`, laned: true };
  }

  /** A function of values. */
  apply(
    operands: readonly Operand[],
    expression: (...texts: string[]) => string,
    type: 'float' | 'int' = 'float',
  ): Operand {
    const laned = operands.some((operand) => operand.laned);
    return this.value(expression(...operands.map(({ text }) => text)), laned, type);
  }

  /** A whole number that is not negative. */
  integer(text: string, range: number, laned: boolean): IndexVariable {
    const { text: found } = this.value(`(int)(${text})`, laned, 'int');
    return { name: laned ? found.slice(0, -3) : found, range, lanes: laned ? 'own' : 'same', step: 1 };
  }

  /** Code of the same kernel for threads with another number of elements each, in a block of its own. */
  nested(lanes: number, body: (at: Emitter) => void): void {
    const inner = new Emitter(lanes, this.shared);
    body(inner);
    this.line('{');
    this.lines(inner.scopes[0]!.lines);
    this.line('}');
  }

  /**
   * Has what follows take a tensor's elements from the kernel that computes them.
   *
   * @returns ends it
   */
  hold(held: Held): () => void {
    const { held: all } = this.shared;
    all.push(held);
    return () => void all.splice(all.indexOf(held), 1);
  }

  /** Reads a tensor's element. */
  read(stored: Stored, index: readonly Index[]): Operand {
    const { buffer, offset, type, strides } = stored;
    const held = this.shared.held.find((each) => each.stored.buffer === buffer);
    if (held) return held.element(sameTensor(held.stored, stored) ? index : notHeld());
    const pointer = this.pointer(buffer, type);
    const address = index.reduce(
      (sum, each, axis) => sum.plus(each.times(strides[axis]!)),
      Index.constant(offset),
    );
    const computed = COMPUTED[type] === 'int' ? 'int' : 'float';
    if (!address.isLaned() || (address.isConsecutive() && address.laneFactor() === 0))
      return this.value(`widen(${pointer}[${address.text('first')}])`, false, computed);
    if (address.isConsecutive() && address.laneFactor() === 1) return this.readWords(pointer, type, address);
    return this.value(`widen(${pointer}[${address.text()}])`, true, computed);
  }

  /** Writes a value to a tensor's element. */
  write({ buffer, offset, type, strides }: Stored, index: readonly Index[], { text, laned }: Operand): void {
    const pointer = this.pointer(buffer, type);
    const address = index.reduce(
      (sum, each, axis) => sum.plus(each.times(strides[axis]!)),
      Index.constant(offset),
    );
    if (!address.isLaned()) {
      if (laned) throw new Error('lanes would be written to one element');
      this.line(`narrow(${pointer} + ${address.text()}, ${text});`);
    } else if (address.isConsecutive() && address.laneFactor() === 1) {
      const whole = laned
        ? text.slice(0, -3)
        : this.value(`(${text})`, true, type === 'i32' ? 'int' : 'float').text.slice(0, -3);
      this.line(
        `Words<${this.lanes}, ${this.width(address, type)}>::store(${pointer} + ${address.text('first')}, ${whole});`,
      );
    } else this.line(`LANES(${this.lanes}) narrow(${pointer} + ${address.text()}, ${text});`);
  }

  /** One of two values, of which only that one is computed. */
  branch(
    condition: string,
    then: () => Operand,
    otherwise: () => Operand,
    type: 'float' | 'int' = 'float',
  ): Operand {
    const result = this.name('t');
    const [first, firstLines] = this.inScope(then);
    const [second, secondLines] = this.inScope(otherwise);
    const laned = first.laned || second.laned;
    const assign = ({ text }: Operand): string =>
      laned ? `LANES(${this.lanes}) ${result}[j] = ${text};` : `${result} = ${text};`;
    this.line(`${type} ${result}${laned ? `[${this.lanes}]` : ''};`);
    this.line(`if (${condition}) {`);
    this.lines([...firstLines, assign(first)]);
    this.line('} else {');
    this.lines([...secondLines, assign(second)]);
    this.line('}');
    return { text: laned ? `${result}[j]` : result, laned };
  }

  /** A block of code with names of its own, such as a loop's body. */
  block(head: string, body: () => void): void {
    const [, lines] = this.inScope(body);
    this.line(`${head} {`);
    this.lines(lines);
    this.line('}');
  }

  /** Everything written so far. */
  get text(): string {
    return this.scopes[0]!.lines.join('\n');
  }

  /**
   * Whether an index is less than a limit.
   *
   * @throws UnevenLanes when that differs between lanes
   */
  isBelow(index: Index, limit: number): string {
    this.requireEven(index, limit);
    return `${index.text('first')} < ${limit}`;
  }

  /** Whether an index is at least a limit; see {@link isBelow}. */
  isFrom(index: Index, limit: number): string {
    this.requireEven(index, limit);
    return `${index.text('first')} >= ${limit}`;
  }

  private requireEven(index: Index, limit: number): void {
    if (!index.isLaned() || this.lanes === 1) return;
    const isEven =
      index.isConsecutive() && index.laneFactor() === 1 && index.plus(-limit).alignment() % this.lanes === 0;
    if (!isEven) throw new UnevenLanes();
  }

  private readWords(pointer: string, type: StorageType, address: Index): Operand {
    const first = address.text('first');
    const name = this.once(`words ${pointer} ${first}`, () => {
      const fresh = this.name('t');
      this.line(`${COMPUTED[type]} ${fresh}[${this.lanes}];`);
      this.line(`Words<${this.lanes}, ${this.width(address, type)}>::load(${fresh}, ${pointer} + ${first});`);
      return fresh;
    });
    return { text: `${name}[j]`, laned: true };
  }

  /** Elements of a word that an address is aligned to. */
  private width(address: Index, type: StorageType): number {
    const alignment = address.alignment();
    let width = type === 'bf16' ? 8 : type === 'f32' ? 4 : 1;
    while (width > this.lanes || alignment % width !== 0) width /= 2;
    return width;
  }

  private once(key: string, make: () => string): string {
    for (const { known } of this.scopes) {
      const name = known.get(key);
      if (name !== undefined) return name;
    }
    const name = make();
    this.scopes.at(-1)!.known.set(key, name);
    return name;
  }

  private inScope<T>(body: () => T): [T, readonly string[]] {
    const scope: Scope = { lines: [], known: new Map() };
    this.scopes.push(scope);
    try {
      return [body(), scope.lines];
    } finally {
      this.scopes.pop();
    }
  }

  private lines(lines: readonly string[]): void {
    for (const line of lines) this.line(`  ${line}`);
  }
}

function sameTensor(a: Stored, b: Stored): boolean {
  return a.offset === b.offset && a.strides.join() === b.strides.join();
}

function notHeld(): never {
  throw new NotHeld();
}
