import type { Phase } from '../../../graph/phase.js';
import { phasesOf } from '../../../graph/phases.js';
import type { Program, ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, type TensorData, type TensorType } from '../../../graph/tensorType.js';
import { ARG, type Block, type Dnnl } from '../dnnl.js';
import type { Kernel } from '../kernels/kernel.js';
import { type ElementType, elementBytes, type MemoryDesc } from '../memoryDesc.js';
import type { Primitive, PrimitiveSpec } from '../primitiveSpec.js';
import type { Place, PlanBuffer, Storage } from './place.js';
import type { AnyPlanNode, Usage } from './planNode.js';
import { type Argument, type HostStep, type KernelPlaces, readsOf, type Step, writesOf } from './step.js';

/** A tensor that a primitive reads or writes, by the library's number of the argument. */
export type PrimitiveArguments = Partial<Record<number, Place>>;

/** A kernel that a plan asks for: what it is compiled from (plain data), and by whom. */
export interface KernelOrder<Source> {
  readonly name: string;
  readonly source: Source;
  readonly compile: (source: Source) => Kernel;
}

/**
 * Turns a program's nodes into steps. Each value has one or more places, in different layouts; asking for a
 * layout that it does not have yet adds a reorder. Steps that depend on fixed contents alone become part of
 * the prologue, which is executed once.
 */
export class Planner {
  readonly steps: Step[] = [];
  readonly prologue: Step[] = [];
  readonly buffers: PlanBuffer[] = [];
  readonly primitives: Primitive[] = [];
  private readonly places = new Map<ValueId, Place[]>();
  /** Values that have a place in a buffer. */
  private readonly tenants = new Map<PlanBuffer, Set<ValueId>>();
  private readonly workspaces = new Map<ValueId, Place>();
  /** By what they are compiled from: layers and groups of images share them. */
  private readonly kernels = new Map<string, Kernel>();
  private readonly emptiness = new Map<string, Place>();
  /** Buffers that steps outside of the prologue write. */
  private readonly changing = new Set<PlanBuffer>();
  private readonly phases: ReadonlyMap<ValueId, Phase>;
  private node: { readonly index: number; readonly kind: string; readonly phase?: Phase | undefined } = {
    index: 0,
    kind: '',
  };

  constructor(
    readonly dnnl: Dnnl,
    readonly program: Program,
    readonly usage: Usage,
    /** Element type of convolutions' operands. */
    readonly activation: ElementType,
    /** Channels of a block in the layout that the processor's code works on; undefined for none. */
    readonly block: Block | undefined,
    /** Whether kernels of our own can be run; then blocks are of 8 channels. */
    readonly usesKernels: boolean,
  ) {
    this.phases = phasesOf(program);
  }

  /** Says which node the following steps belong to. */
  begin(node: AnyPlanNode, index: number): void {
    this.node = { index, kind: node.kind, phase: this.phases.get(node.outputs[0]!) };
  }

  typeOf(value: ValueId): TensorType {
    return this.program.values[value]!;
  }

  shapeOf(value: ValueId): Shape {
    return this.typeOf(value).shape;
  }

  /** Row-major layout of a shape; a scalar is one element. */
  rowMajor(shape: Shape, type: ElementType = 'f32'): MemoryDesc {
    return this.dnnl.strided(shape.length === 0 ? [1] : shape, type);
  }

  /** A place's memory as one axis of numbers, with the zeros that fill up its blocks. */
  flat(place: Place): Place {
    const { bytes, type } = place.desc;
    return { ...place, desc: this.rowMajor([bytes / elementBytes[type]], type) };
  }

  /** The layout of images where nothing else decides: the one that convolutions choose. */
  images(shape: Shape): MemoryDesc {
    const { block, activation } = this;
    return block ? this.dnnl.named(shape, activation, `aBcd${block}b`) : this.rowMajor(shape, activation);
  }

  allocate(desc: MemoryDesc, storage: Storage = 'transient'): Place {
    const buffer: PlanBuffer = { id: this.buffers.length, bytes: desc.bytes, storage };
    this.buffers.push(buffer);
    return { desc, buffer, offset: 0 };
  }

  /** A place whose memory is the engine's. */
  variable(desc: MemoryDesc, address: number): Place {
    const buffer: PlanBuffer = { id: this.buffers.length, bytes: desc.bytes, storage: 'variable', address };
    this.buffers.push(buffer);
    return { desc, buffer, offset: 0 };
  }

  /** Remembers what a forward primitive left for its gradient, under one of its results. */
  keepWorkspace(value: ValueId, workspace: Place): void {
    this.workspaces.set(value, workspace);
  }

  /** What {@link keepWorkspace} remembered. */
  workspaceOf(value: ValueId): Place | undefined {
    return this.workspaces.get(value);
  }

  /** Makes a place hold a value. */
  define(value: ValueId, place: Place): Place {
    this.places.set(value, [...(this.places.get(value) ?? []), place]);
    const tenants = this.tenants.get(place.buffer) ?? new Set();
    this.tenants.set(place.buffer, tenants.add(value));
    return place;
  }

  /** A new place for a value. */
  output(value: ValueId, desc: MemoryDesc): Place {
    return this.define(value, this.allocate(desc));
  }

  /** The place of a value that was made first, whatever its layout; for copies. */
  origin(value: ValueId): Place {
    const place = this.places.get(value)?.[0];
    if (!place) throw new Error(`value ${value} has no place in the plan`);
    return place;
  }

  /** The dense place of a value that was made first, whatever its layout; for primitives. */
  first(value: ValueId): Place {
    const dense = this.places.get(value)?.find(({ isPart }) => !isPart);
    if (dense) return dense;
    const { shape, type } = this.origin(value).desc;
    return this.as(
      value,
      shape.length === 4 && type !== 'i32' ? this.images(shape) : this.rowMajor(shape, type),
    );
  }

  /** A value in a given layout, by a reorder if it has none. */
  as(value: ValueId, desc: MemoryDesc): Place {
    const places = this.places.get(value) ?? [];
    const known = places.find((place) => place.desc.key === desc.key);
    if (known) return known;
    const source = places.find(({ desc: { shape } }) => sameShape(shape, desc.shape));
    if (!source) return this.asOtherShape(value, desc);
    const place = this.define(value, { ...this.allocate(desc) });
    this.reorder(source, place);
    return place;
  }

  /** A value row-major, as f32 or i32. */
  plain(value: ValueId): Place {
    const { shape, dtype } = this.typeOf(value);
    return this.as(value, this.rowMajor(shape, dtype));
  }

  /** Whether the node that is being planned may write over a value's place: nothing reads what is there later. */
  mayOverwrite(place: Place): boolean {
    if (place.buffer.storage !== 'transient') return false;
    const tenants = this.tenants.get(place.buffer) ?? [];
    return [...tenants].every((value) => this.usage.isDeadAfter(value, this.node.index));
  }

  /** A place for a value's result: an operand's own where that may be overwritten, else a new one. */
  outputOver(value: ValueId, operand: Place, desc: MemoryDesc = operand.desc): Place {
    if (operand.desc.key === desc.key && this.mayOverwrite(operand)) return this.define(value, operand);
    return this.output(value, desc);
  }

  /** Whether `place` is the memory of the variable that the node reads as `old` and sets to `updated`, and may be written. */
  updatesInPlace(old: ValueId, updated: ValueId, place: Place): boolean {
    if (place.buffer.storage !== 'variable' || !this.usage.isDeadAfter(old, this.node.index)) return false;
    const maker = this.usage.makerOf(old);
    return maker?.kind === 'variable' && this.program.updates[maker.attributes.name] === updated;
  }

  /** Prepares a primitive; {@link execute} adds it to the plan. */
  prepare(spec: PrimitiveSpec): Primitive {
    const primitive = this.dnnl.primitive(spec);
    this.primitives.push(primitive);
    return primitive;
  }

  /** Adds a primitive to the plan. A scratchpad is added by itself. */
  execute(
    spec: PrimitiveSpec,
    primitive: Primitive,
    reads: PrimitiveArguments,
    writes: PrimitiveArguments,
  ): void {
    const args = [...argumentsOf(reads, false), ...argumentsOf(writes, true)];
    const scratchpad = primitive.desc('scratchpad');
    if (scratchpad) args.push({ arg: ARG.scratchpad, place: this.allocate(scratchpad), written: true });
    const { kind: operation, phase } = this.node;
    this.push({ kind: 'primitive', operation, phase, spec, primitive, args });
  }

  /** Adds a kernel of our own to the plan; unless `mayBeFixed`, it is executed in every run. */
  kernel<Source>(
    { name, source, compile }: KernelOrder<Source>,
    places: KernelPlaces,
    mayBeFixed = true,
  ): void {
    const { kind: operation, phase } = this.node;
    const key = `${name} ${JSON.stringify(source)}`;
    const kernel = this.kernels.get(key) ?? compile(source);
    this.kernels.set(key, kernel);
    this.push({ kind: 'kernel', operation, phase, name, kernel, places }, mayBeFixed);
  }

  /** Adds a function on row-major tensors to the plan. */
  host(
    inputs: readonly Place[],
    outputs: readonly Place[],
    compute: HostStep['compute'],
    fixed = true,
  ): void {
    const { kind: operation, phase } = this.node;
    this.push({ kind: 'host', operation, phase, inputs, outputs, compute }, fixed);
  }

  /** Adds a copy, with a change of layout or type, or `sum` to what is there. */
  reorder(src: Place, dst: Place, sum = false): void {
    const postOps = sum ? [{ kind: 'sum', scale: 1 } as const] : [];
    const spec = { kind: 'reorder', src: src.desc, dst: dst.desc, postOps } as const;
    this.execute(spec, this.prepare(spec), { [ARG.src]: src }, { [ARG.dst]: dst });
  }

  /** A tensor of zeros that is not to be written. */
  zeros(desc: MemoryDesc): Place {
    const known = this.emptiness.get(desc.key) ?? this.allocate(desc, 'static');
    this.emptiness.set(desc.key, known);
    return known;
  }

  /** Contents that are there before the first run, in memory that stays. */
  constant(desc: MemoryDesc, data: TensorData): Place {
    const place = this.allocate(desc, 'static');
    this.prologue.push({
      kind: 'host',
      operation: 'constant',
      inputs: [],
      outputs: [place],
      compute: (_, outputs) => outputs[0]!.set(data),
    });
    return place;
  }

  private asOtherShape(value: ValueId, desc: MemoryDesc): Place {
    const source = this.first(value);
    const flat = this.as(value, this.dnnl.strided(source.desc.shape, source.desc.type));
    const place = this.define(value, {
      ...flat,
      desc: this.dnnl.strided(desc.shape, source.desc.type),
    });
    return place.desc.key === desc.key ? place : this.as(value, desc);
  }

  private push(step: Step, mayBeFixed = true): void {
    const written = writesOf(step).map(({ buffer }) => buffer);
    const fixed =
      mayBeFixed &&
      readsOf(step).every(({ buffer }) => buffer.storage === 'static' && !this.changing.has(buffer)) &&
      written.every((buffer) => buffer.storage !== 'variable' && !this.changing.has(buffer));
    (fixed ? this.prologue : this.steps).push(step);
    for (const buffer of written) {
      if (fixed) buffer.storage = 'static';
      else this.changing.add(buffer);
    }
  }
}

function argumentsOf(places: PrimitiveArguments, written: boolean): Argument[] {
  return Object.entries(places).flatMap(([arg, place]) =>
    place ? [{ arg: Number(arg), place, written }] : [],
  );
}
