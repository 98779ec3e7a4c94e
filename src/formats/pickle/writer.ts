/** Writes a pickle of protocol 2, which every Python since 2.3 reads, instruction by instruction. */
export class PickleWriter {
  private readonly chunks: Uint8Array[] = [Uint8Array.of(0x80, 2)];
  private readonly globals = new Map<string, number>();

  /** Begins the items of a tuple or dict; {@link tuple} or {@link setItems} ends them. */
  mark(): this {
    return this.op('(');
  }

  /** A tuple of the values since the mark. */
  tuple(): this {
    return this.op('t');
  }

  emptyDict(): this {
    return this.op('}');
  }

  /** Puts the keys and values since the mark into the dict below it. */
  setItems(): this {
    return this.op('u');
  }

  emptyList(): this {
    return this.op(']');
  }

  /** Puts the values since the mark at the end of the list below it. */
  appends(): this {
    return this.op('e');
  }

  /** Calls the function below the top with the tuple on top. */
  reduce(): this {
    return this.op('R');
  }

  /** Turns the value on top into the object that it names, outside of the pickle. */
  persistent(): this {
    return this.op('Q');
  }

  boolean(value: boolean): this {
    return this.op(value ? '\x88' : '\x89');
  }

  /** A whole number within ±2^53, in the shortest form. */
  integer(value: number): this {
    if (value >= 0 && value < 256) return this.op('K', Uint8Array.of(value));
    if (value >= -(2 ** 31) && value < 2 ** 31)
      return this.op('J', new Uint8Array(Int32Array.of(value).buffer));
    const bytes = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    return this.op('\x8a', Uint8Array.of(bytes.length, ...bytes));
  }

  /** @throws RangeError for text with a lone surrogate */
  text(value: string): this {
    if (/\p{Surrogate}/u.test(value)) throw new RangeError(`${JSON.stringify(value)} is not valid Unicode`);
    const bytes = new TextEncoder().encode(value);
    this.op('X', new Uint8Array(Uint32Array.of(bytes.length).buffer));
    this.chunks.push(bytes);
    return this;
  }

  /** A class or function. */
  global(module: string, name: string): this {
    const key = `${module}\n${name}\n`;
    const known = this.globals.get(key);
    if (known !== undefined) return this.op('h', Uint8Array.of(known));
    this.op('c', new TextEncoder().encode(key));
    if (this.globals.size > 255) return this;
    this.op('q', Uint8Array.of(this.globals.size));
    this.globals.set(key, this.globals.size);
    return this;
  }

  /** Ends the pickle with the value on top as its contents. */
  finish(): Uint8Array {
    this.op('.');
    const pickle = new Uint8Array(this.chunks.reduce((total, { length }) => total + length, 0));
    let offset = 0;
    for (const chunk of this.chunks) {
      pickle.set(chunk, offset);
      offset += chunk.length;
    }
    return pickle;
  }

  private op(code: string, operand?: Uint8Array): this {
    this.chunks.push(Uint8Array.of(code.charCodeAt(0)));
    if (operand) this.chunks.push(operand);
    return this;
  }
}
