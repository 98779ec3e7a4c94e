import type { Phase } from '../../../graph/phase.js';
import type { TensorData } from '../../../graph/tensorType.js';
import { ARG, type Dnnl } from '../dnnl.js';
import type { Kernel } from '../kernels/kernel.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Primitive, PrimitiveSpec } from '../primitiveSpec.js';
import type { Buffers } from './buffers.js';
import type { Place, PlanBuffer } from './place.js';
import {
  type Argument,
  type HostStep,
  type KernelPlaces,
  readsOf,
  type Step,
  type UpdatePlaces,
  writesOf,
} from './step.js';

/** Tensors that a primitive reads or writes, by the library's numbers of its arguments. */
export type PrimitiveArguments = Partial<Record<number, Place>>;

/** A primitive that a plan asks for. */
export interface PrimitiveOrder {
  readonly spec: PrimitiveSpec;
  /** As {@link Steps.prepare} made it; default is to prepare it now. */
  readonly primitive?: Primitive;
  readonly reads: PrimitiveArguments;
  readonly writes: PrimitiveArguments;
}

/** A kernel that a plan asks for: what it is compiled from (plain data), by whom, and what it works on. */
export interface KernelOrder<Source> {
  readonly name: string;
  readonly source: Source;
  readonly compile: (source: Source) => Kernel;
  readonly places: KernelPlaces;
  /** Floating-point operations, for profiles; default 0. */
  readonly flops?: number;
  /** Whether to execute it once if its operands are fixed; default true. */
  readonly mayBeFixed?: boolean;
}

/** A function on row-major tensors that a plan asks for. */
export interface HostOrder extends Pick<HostStep, 'inputs' | 'outputs' | 'compute'> {
  /** Whether to call it once if its operands are fixed; default true. */
  readonly mayBeFixed?: boolean;
}

/** The node that steps belong to. */
export interface StepOwner {
  readonly operation: string;
  readonly phase?: Phase | undefined;
}

/**
 * What a plan executes. Steps that depend on fixed contents alone become part of the prologue, which is
 * executed once.
 */
export class Steps {
  readonly steps: Step[] = [];
  readonly prologue: Step[] = [];
  readonly primitives: Primitive[] = [];
  /** By what they are compiled from: layers and groups of images share them. */
  private readonly kernels = new Map<string, Kernel>();
  /** Buffers that steps outside of the prologue write. */
  private readonly changing = new Set<PlanBuffer>();

  /** @param owner of the steps that are being added */
  constructor(
    private readonly dnnl: Dnnl,
    private readonly buffers: Buffers,
    private readonly owner: () => StepOwner,
  ) {}

  /** Prepares a primitive; {@link primitive} adds it to the plan. */
  prepare(spec: PrimitiveSpec): Primitive {
    const primitive = this.dnnl.primitive(spec);
    this.primitives.push(primitive);
    return primitive;
  }

  /** Adds a primitive. A scratchpad is added by itself. */
  primitive({ spec, primitive = this.prepare(spec), reads, writes }: PrimitiveOrder): void {
    const args = [...argumentsOf(reads, false), ...argumentsOf(writes, true)];
    const scratchpad = primitive.desc('scratchpad');
    if (scratchpad)
      args.push({ arg: ARG.scratchpad, place: this.buffers.allocate(scratchpad), written: true });
    this.push({ kind: 'primitive', ...this.owner(), spec, primitive, args });
  }

  /** Adds a kernel of our own. */
  kernel<Source>({ name, source, compile, places, flops, mayBeFixed }: KernelOrder<Source>): void {
    const key = `${name} ${JSON.stringify(source)}`;
    const kernel = this.kernels.get(key) ?? compile(source);
    this.kernels.set(key, kernel);
    this.push({ kind: 'kernel', ...this.owner(), name, kernel, places, flops }, mayBeFixed);
  }

  /**
   * Adds a kernel that updates many tensors.
   *
   * @param operation that the tensors' updates are, for profiles
   */
  update(operation: string, kernel: Kernel, tensors: readonly UpdatePlaces[]): void {
    this.push({ kind: 'update', ...this.owner(), operation, kernel, tensors }, false);
  }

  /** Adds a function on row-major tensors. */
  host({ inputs, outputs, compute, mayBeFixed }: HostOrder): void {
    this.push({ kind: 'host', ...this.owner(), inputs, outputs, compute }, mayBeFixed);
  }

  /** Adds a copy, with a change of layout or type, or with `sum` onto what is there. */
  reorder(from: Place, to: Place, { sum = false }: { readonly sum?: boolean } = {}): void {
    const postOps = sum ? [{ kind: 'sum', scale: 1 } as const] : [];
    const spec = { kind: 'reorder', src: from.desc, dst: to.desc, postOps } as const;
    this.primitive({ spec, reads: { [ARG.src]: from }, writes: { [ARG.dst]: to } });
  }

  /** Contents that are there before the first run, in memory that stays. */
  constant(desc: MemoryDesc, data: TensorData): Place {
    const place = this.buffers.allocate(desc, 'static');
    this.prologue.push({
      kind: 'host',
      operation: 'constant',
      inputs: [],
      outputs: [place],
      compute: (_, outputs) => outputs[0]!.set(data),
    });
    return place;
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
