import type { Program, ValueId } from '../../../graph/program.js';
import { sameShape } from '../../../graph/tensorType.js';
import type { Usage } from '../../fusion/usage.js';
import type { Dnnl } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Buffers } from './buffers.js';
import type { Layouts } from './layouts.js';
import type { Place, PlanBuffer } from './place.js';

/** Options of {@link Places}. */
interface PlacesSettings {
  readonly dnnl: Dnnl;
  readonly program: Program;
  readonly usage: Usage;
  readonly layouts: Layouts;
  readonly buffers: Buffers;
  /** Index of the node that is being planned. */
  readonly now: () => number;
  /** Adds a copy into another layout to the plan. */
  readonly reorder: (from: Place, to: Place) => void;
}

/** A value that is every `step`th channel of a place from `start` on. */
export interface ChannelView {
  readonly place: Place;
  readonly start: number;
  readonly step: number;
  /** Adds a copy to the plan, and a place for the value. */
  readonly copy: () => void;
}

/**
 * Where the values of a program are. Each has one or more places, in different layouts; asking for a layout that
 * it does not have yet adds a reorder.
 */
export class Places {
  private readonly places = new Map<ValueId, Place[]>();
  /** Values that have a place in a buffer. */
  private readonly tenants = new Map<PlanBuffer, Set<ValueId>>();
  private readonly asides = new Map<string, Place>();
  private readonly views = new Map<ValueId, ChannelView>();

  constructor(private readonly settings: PlacesSettings) {}

  /** Records that a place holds a value. */
  define(value: ValueId, place: Place): Place {
    this.places.set(value, [...(this.places.get(value) ?? []), place]);
    this.inhabit(value, place);
    return place;
  }

  /** Records that a value is some channels of a place, which are copied when the value is to have a place of its own. */
  defineView(value: ValueId, view: ChannelView): void {
    this.views.set(value, view);
    this.inhabit(value, view.place);
  }

  /** What {@link defineView} recorded. */
  viewOf(value: ValueId): ChannelView | undefined {
    return this.views.get(value);
  }

  /** The place of a value in a layout, if it has one without a copy. */
  known(value: ValueId, desc: MemoryDesc): Place | undefined {
    return this.places.get(value)?.find((place) => place.desc.key === desc.key);
  }

  /** A new place for a value. */
  output(value: ValueId, desc: MemoryDesc): Place {
    return this.define(value, this.settings.buffers.allocate(desc));
  }

  /** A place for a value's result: an operand's own where that may be overwritten, else a new one. */
  outputOver(value: ValueId, operand: Place, desc: MemoryDesc = operand.desc): Place {
    if (operand.desc.key === desc.key && this.mayOverwrite(operand)) return this.define(value, operand);
    return this.output(value, desc);
  }

  /** The place of a value that was made first, whatever its layout; for copies. */
  origin(value: ValueId): Place {
    const place = this.all(value)[0];
    if (!place) throw new Error(`value ${value} has no place in the plan`);
    return place;
  }

  /** The dense place of a value that was made first, whatever its layout; for primitives. */
  first(value: ValueId): Place {
    const dense = this.all(value).find(({ isPart }) => !isPart);
    if (dense) return dense;
    const { layouts } = this.settings;
    const { shape, type } = this.origin(value).desc;
    const isImage = shape.length === 4 && type !== 'i32';
    return this.as(value, isImage ? layouts.images(shape) : layouts.rowMajor(shape, type));
  }

  /** A value in a given layout, by a reorder if it has none. */
  as(value: ValueId, desc: MemoryDesc): Place {
    const places = this.all(value);
    const known = this.known(value, desc);
    if (known) return known;
    const source = places.find(({ desc: { shape } }) => sameShape(shape, desc.shape));
    if (!source) return this.asOtherShape(value, desc);
    const place = this.output(value, desc);
    this.settings.reorder(source, place);
    return place;
  }

  /** A value row-major, as f32 or i32. */
  plain(value: ValueId): Place {
    const { shape, dtype } = this.settings.program.values[value]!;
    return this.as(value, this.settings.layouts.rowMajor(shape, dtype));
  }

  /** Keeps a tensor that belongs to a value, such as the workspace of a forward primitive for its gradient. */
  keepAside(value: ValueId, place: Place, name = ''): void {
    this.asides.set(`${value} ${name}`, place);
  }

  /** The tensor kept by {@link keepAside}. */
  asideOf(value: ValueId, name = ''): Place | undefined {
    return this.asides.get(`${value} ${name}`);
  }

  /** Whether the node that is being planned may overwrite a place: nothing reads it later. */
  mayOverwrite({ buffer }: Place): boolean {
    return buffer.storage === 'transient' && this.isDead(buffer);
  }

  /** Whether `place` is the memory of the variable that the node reads as `old` and sets to `updated`, and may be written. */
  updatesInPlace({ old, updated, place: { buffer } }: VariableUpdate): boolean {
    const { usage, program } = this.settings;
    if (buffer.storage !== 'variable' || !this.isDead(buffer)) return false;
    const maker = usage.makerOf(old);
    return maker?.kind === 'variable' && program.updates[maker.attributes.name] === updated;
  }

  /** All places of a value; a view's channels are copied first. */
  private all(value: ValueId): readonly Place[] {
    if (!this.places.has(value)) this.views.get(value)?.copy();
    return this.places.get(value) ?? [];
  }

  private inhabit(value: ValueId, { buffer }: Place): void {
    const tenants = this.tenants.get(buffer) ?? new Set();
    this.tenants.set(buffer, tenants.add(value));
  }

  /** Whether nothing reads a buffer's values after the node that is being planned. */
  private isDead(buffer: PlanBuffer): boolean {
    const { usage, now } = this.settings;
    return [...(this.tenants.get(buffer) ?? [])].every((value) => usage.isDeadAfter(value, now()));
  }

  private asOtherShape(value: ValueId, desc: MemoryDesc): Place {
    const { dnnl } = this.settings;
    const source = this.first(value);
    const flat = this.as(value, dnnl.strided(source.desc.shape, source.desc.type));
    const place = this.define(value, { ...flat, desc: dnnl.strided(desc.shape, source.desc.type) });
    return place.desc.key === desc.key ? place : this.as(value, desc);
  }
}

/** A node that sets a variable, and a place that holds the old value. */
interface VariableUpdate {
  readonly old: ValueId;
  readonly updated: ValueId;
  readonly place: Place;
}
