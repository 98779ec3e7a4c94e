import type { ValueId } from '../../../graph/program.js';

/** Memory that may wait, in bytes. */
const MOST_BYTES = 2 ** 26;

interface Late {
  readonly bytes: number;
  readonly add: () => void;
}

/** Steps that are added when what they write is read, or when much memory waits for them. */
export class LateSteps {
  private readonly waiting = new Map<ValueId, Late>();

  /** Has a step wait. */
  put(value: ValueId, bytes: number, add: () => void): void {
    this.waiting.set(value, { bytes, add });
    const sum = [...this.waiting.values()].reduce((total, late) => total + late.bytes, 0);
    if (sum > MOST_BYTES) for (const each of [...this.waiting.keys()]) this.addOf(each);
  }

  /** Adds the step of a value, if one waits. */
  addOf(value: ValueId): void {
    const late = this.waiting.get(value);
    this.waiting.delete(value);
    late?.add();
  }
}
