import type { Phase } from '../../../graph/phases.js';
import type { TensorData } from '../../../graph/tensorType.js';
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

/** What a host step may know about the run. */
export interface HostRun {
  readonly seed: number;
  readonly step: number;
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

/** A step of a plan. */
export type Step = PrimitiveStep | HostStep;

/** The tensors that a step reads. */
export function readsOf(step: Step): readonly Place[] {
  return step.kind === 'host'
    ? step.inputs
    : step.args.filter(({ written }) => !written).map(({ place }) => place);
}

/** The tensors that a step writes. */
export function writesOf(step: Step): readonly Place[] {
  return step.kind === 'host'
    ? step.outputs
    : step.args.filter(({ written }) => written).map(({ place }) => place);
}
