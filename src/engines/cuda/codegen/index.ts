/** A whole number in a kernel that is not negative. */
export interface IndexVariable {
  readonly name: string;
  /** It is less than this. */
  readonly range: number;
  /**
   * Whether each lane has its own: `consecutive` ones are the variable of the first lane, a multiple of `step`, plus the
   * lane's number; `own` ones are an array's elements.
   */
  readonly lanes: 'same' | 'consecutive' | 'own';
  /** It is a multiple of this, in the first lane. */
  readonly step: number;
}

/** Gives names to numbers that are computed. */
export interface IntegerScope {
  /** A number that is less than `range`; `laned`: whether lanes have different ones. */
  integer(text: string, range: number, laned: boolean): IndexVariable;
}

interface Term {
  readonly variable: IndexVariable;
  readonly factor: number;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** A position along an axis: a sum of multiples of variables and a number. */
export class Index {
  private constructor(
    readonly terms: readonly Term[],
    readonly offset: number,
  ) {}

  static readonly zero = new Index([], 0);

  static of(variable: IndexVariable): Index {
    return variable.range === 1 ? Index.zero : new Index([{ variable, factor: 1 }], 0);
  }

  /** A variable of a loop, the same in all lanes, which has a name even where it can only be 0. */
  static counter(name: string, range: number): Index {
    return Index.of({ name, range: Math.max(2, range), lanes: 'same', step: 1 });
  }

  static constant(offset: number): Index {
    return new Index([], offset);
  }

  plus(other: Index | number): Index {
    if (typeof other === 'number') return new Index(this.terms, this.offset + other);
    const factors = new Map<IndexVariable, number>();
    for (const { variable, factor } of [...this.terms, ...other.terms])
      factors.set(variable, (factors.get(variable) ?? 0) + factor);
    const terms = [...factors].flatMap(([variable, factor]) => (factor === 0 ? [] : [{ variable, factor }]));
    return new Index(terms, this.offset + other.offset);
  }

  times(factor: number): Index {
    if (factor === 0) return Index.zero;
    return new Index(
      this.terms.map((term) => ({ variable: term.variable, factor: term.factor * factor })),
      this.offset * factor,
    );
  }

  /** Quotient and remainder by a number; without code where the terms themselves divide. */
  divide(at: IntegerScope, divisor: number): { quotient: Index; remainder: Index } {
    if (divisor === 1) return { quotient: this, remainder: Index.zero };
    const whole = this.terms.filter(({ factor }) => factor % divisor === 0);
    const rest = this.terms.filter(({ factor }) => factor % divisor !== 0);
    const offset = ((this.offset % divisor) + divisor) % divisor;
    const remainder = new Index(rest, offset);
    if (rest.every(({ factor }) => factor > 0) && remainder.largest() < divisor) {
      const quotient = new Index(
        whole.map(({ variable, factor }) => ({ variable, factor: factor / divisor })),
        (this.offset - offset) / divisor,
      );
      return { quotient, remainder };
    }
    const range = this.largest() + 1;
    const quotient = at.integer(`(${this.text()}) / ${divisor}u`, Math.ceil(range / divisor), this.isLaned());
    return {
      quotient: Index.of(quotient),
      remainder: this.plus(Index.of(quotient).times(-divisor)).named(at, divisor),
    };
  }

  /** Whether lanes have different values. */
  isLaned(): boolean {
    return this.terms.some(({ variable }) => variable.lanes !== 'same');
  }

  /** Whether lane j's value is the first lane's plus j times {@link laneFactor}. */
  isConsecutive(): boolean {
    return this.terms.every(({ variable }) => variable.lanes !== 'own');
  }

  /** What the value grows by from lane to lane, of one that {@link isConsecutive}. */
  laneFactor(): number {
    return this.terms.reduce(
      (sum, { variable, factor }) => sum + (variable.lanes === 'consecutive' ? factor : 0),
      0,
    );
  }

  /** The first lane's value is a multiple of this (0: of everything). */
  alignment(): number {
    return this.terms.reduce(
      (common, { variable, factor }) => gcd(common, Math.abs(factor) * variable.step),
      Math.abs(this.offset),
    );
  }

  /** The largest value. */
  largest(): number {
    return this.terms.reduce(
      (sum, { variable, factor }) => sum + (factor > 0 ? factor * (variable.range - 1) : 0),
      this.offset,
    );
  }

  /** As C++, of lane `j` or of the first. */
  text(lane: 'each' | 'first' = 'each'): string {
    const parts = this.terms.map(({ variable, factor }) => {
      const { name, lanes } = variable;
      const own =
        lanes === 'own' ? `${name}[j]` : lanes === 'consecutive' && lane === 'each' ? `(${name} + j)` : name;
      return factor === 1 ? own : `${own} * ${factor}`;
    });
    if (this.offset !== 0 || parts.length === 0) parts.push(`${this.offset}`);
    return parts.join(' + ');
  }

  /** This value under a name of its own, known to be less than `range`. */
  private named(at: IntegerScope, range: number): Index {
    return Index.of(at.integer(this.text(), range, this.isLaned()));
  }
}
