import type { Communicator } from '../../../distributed/communicator.js';
import type { Phase } from '../../../graph/phase.js';
import type { TensorData } from '../../../graph/tensorType.js';
import type { Kernel } from '../kernels/kernel.js';
import type { Primitive, PrimitiveSpec } from '../primitiveSpec.js';
import type { Place } from './place.js';

/** An argument of a primitive: the library's number for it, and the tensor. */
export interface Argument {
  readonly arg: number;
  readonly place: Place;
  /** Whether the primitive writes it. */
  readonly written: boolean;
}

/** A primitive to execute. */
export interface PrimitiveStep {
  readonly kind: 'primitive';
  /** The operation that it computes, or a part of. */
  readonly operation: string;
  readonly phase?: Phase | undefined;
  readonly spec: PrimitiveSpec;
  readonly primitive: Primitive;
  readonly args: readonly Argument[];
}

/** The run, as given to a host step. */
export interface HostRun {
  readonly seed: number;
  readonly step: number;
  /** The ranks that execute the same plan. */
  readonly communicator: Communicator;
}

/** A function to call on row-major tensors. */
export interface HostStep {
  readonly kind: 'host';
  readonly operation: string;
  readonly phase?: Phase | undefined;
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
  readonly compute: (inputs: readonly TensorData[], outputs: readonly TensorData[], run: HostRun) => void;
}

/** The tensors of our own kernel. */
export interface KernelPlaces {
  readonly src: Place;
  readonly dst: Place;
  readonly bias?: Place | undefined;
  readonly addend?: Place | undefined;
  /** What else is read and written, in the order of the kernel's further operands. */
  readonly reads?: readonly Place[];
  readonly writes?: readonly Place[];
}

/** A kernel of our own to run. */
export interface KernelStep {
  readonly kind: 'kernel';
  readonly operation: string;
  readonly phase?: Phase | undefined;
  readonly name: string;
  readonly kernel: Kernel;
  readonly places: KernelPlaces;
  /** Floating-point operations, where that is what takes time; default 0. */
  readonly flops?: number | undefined;
}

/** A tensor's part of an update, as its kernel takes it. */
export interface UpdatePlaces {
  /** The parameter and its state, dense, in one layout. */
  readonly updated: readonly Place[];
  /** In the same layout. */
  readonly gradient: Place;
  readonly scalars: readonly Place[];
}

/** A kernel of our own that updates many tensors. */
export interface UpdateStep {
  readonly kind: 'update';
  readonly operation: string;
  readonly phase?: Phase | undefined;
  readonly kernel: Kernel;
  readonly tensors: readonly UpdatePlaces[];
}

/** A step of a plan. */
export type Step = PrimitiveStep | HostStep | KernelStep | UpdateStep;

/** The tensors that a step reads. */
export function readsOf(step: Step): readonly Place[] {
  switch (step.kind) {
    case 'host':
      return step.inputs;
    case 'kernel': {
      const { src, bias, addend, reads = [] } = step.places;
      return [src, bias, addend, ...reads].filter((place) => place !== undefined);
    }
    case 'primitive':
      return step.args.filter(({ written }) => !written).map(({ place }) => place);
    case 'update':
      return step.tensors.flatMap(({ updated, gradient, scalars }) => [...updated, gradient, ...scalars]);
  }
}

/** The tensors that a step writes. */
export function writesOf(step: Step): readonly Place[] {
  switch (step.kind) {
    case 'host':
      return step.outputs;
    case 'kernel':
      return [step.places.dst, ...(step.places.writes ?? [])];
    case 'primitive':
      return step.args.filter(({ written }) => written).map(({ place }) => place);
    case 'update':
      return step.tensors.flatMap(({ updated }) => updated);
  }
}
