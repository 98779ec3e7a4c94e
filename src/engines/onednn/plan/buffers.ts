import type { MemoryDesc } from '../memoryDesc.js';
import type { Place, PlanBuffer, Storage } from './place.js';

/** The memory that a plan asks for. */
export class Buffers {
  readonly all: PlanBuffer[] = [];
  private readonly variables = new Map<string, PlanBuffer>();
  private readonly emptiness = new Map<string, Place>();

  /** A new tensor, in a buffer of its own. */
  allocate(desc: MemoryDesc, storage: Storage = 'transient'): Place {
    return { desc, buffer: this.add({ id: this.all.length, bytes: desc.bytes, storage }), offset: 0 };
  }

  /** A place like another one, in a buffer of its own: with as much memory, for a part's layout does not say how much it covers. */
  like({ desc, buffer: { bytes }, offset, isPart }: Place, storage: Storage): Place {
    const buffer = this.add({ id: this.all.length, bytes, storage });
    return { desc, buffer, offset, ...(isPart && { isPart }) };
  }

  /** A variable's memory. */
  variable(desc: MemoryDesc, name: string): Place {
    const buffer =
      this.variables.get(name) ??
      this.add({ id: this.all.length, bytes: desc.bytes, storage: 'variable', variable: name });
    this.variables.set(name, buffer);
    return { desc, buffer, offset: 0 };
  }

  /** A tensor of zeros that is not to be written. */
  zeros(desc: MemoryDesc): Place {
    const known = this.emptiness.get(desc.key) ?? this.allocate(desc, 'static');
    this.emptiness.set(desc.key, known);
    return known;
  }

  /** Has the memory of transient tensors lie in one row, so that it can be worked on as one array. */
  join(places: readonly Place[]): void {
    const row = places.map(({ buffer }) => buffer);
    for (const buffer of row) buffer.row = row;
  }

  private add(buffer: PlanBuffer): PlanBuffer {
    this.all.push(buffer);
    return buffer;
  }
}
