import type { Phase } from '../../../graph/phase.js';
import type { KernelBody } from '../codegen/pointwise.js';
import type { Stored } from '../codegen/stored.js';
import type { ConvolutionPointers, Pointer, Prepared } from '../device.js';
import type { PlanBuffer } from './buffer.js';

/** What all steps have. */
interface Common {
  /** The operation that the step was made for. */
  readonly operation: string;
  /** Its tensors, human-readable. */
  readonly detail: string;
  readonly phase?: Phase | undefined;
  readonly flops: number;
  /** Bytes that it reads and writes. */
  readonly bytes: number;
  readonly reads: readonly PlanBuffer[];
  readonly writes: readonly PlanBuffer[];
}

/** A generated kernel. */
export interface KernelStep extends Common {
  readonly kind: 'kernel';
  readonly body: KernelBody;
}

/** Generated kernels of the same text, which do not depend on each other, in one launch. */
export interface ManyStep extends Common {
  readonly kind: 'many';
  readonly bodies: readonly KernelBody[];
}

/** A convolution of the library's. */
export interface ConvolutionStep extends Common {
  readonly kind: 'convolution';
  readonly prepared: Prepared<ConvolutionPointers>;
  readonly image: Stored;
  readonly filter: Stored;
  readonly result: Stored;
  readonly bias?: Stored | undefined;
  readonly addend?: Stored | undefined;
  readonly workspace: PlanBuffer | undefined;
}

/** A matrix product of the library's. */
export interface ProductStep extends Common {
  readonly kind: 'product';
  readonly prepared: Prepared<{ readonly a: Pointer; readonly b: Pointer; readonly c: Pointer }>;
  readonly a: Stored;
  readonly b: Stored;
  readonly c: Stored;
  readonly workspace: PlanBuffer | undefined;
}

/** A step of a plan. */
export type Step = KernelStep | ManyStep | ConvolutionStep | ProductStep;
