import { sizeOf } from '../../../graph/tensorType.js';
import type { Along } from '../codegen/along.js';
import { NotHeld, UnevenLanes } from '../codegen/emitter.js';
import { allReads } from '../codegen/expression.js';
import type { KernelBody } from '../codegen/pointwise.js';
import type { Stored } from '../codegen/stored.js';
import type { PlanBuffer } from './buffer.js';
import type { KernelStep, Step } from './step.js';
import { bytesMoved } from './traffic.js';

/** All axes but that of the channels. */
const PIXELS = '0,2,3';

/** A kernel that can add up its results beside. */
export interface OpenKernel {
  readonly result: Stored;
  /**
   * Its code with these sums.
   *
   * @throws NotHeld, UnevenLanes where it cannot compute them
   */
  withSums(along: Along): KernelBody;
}

/** Kernels that reductions of their results may still be joined to. */
export class OpenKernels {
  private readonly open = new Map<PlanBuffer, { readonly index: number; readonly kernel: OpenKernel }>();

  /** Remembers the kernel of the last step. */
  add(steps: readonly Step[], kernel: OpenKernel): void {
    this.open.set(kernel.result.buffer, { index: steps.length - 1, kernel });
  }

  /**
   * Has a kernel add up its results itself, in place of a reduction that reads them again.
   *
   * @returns whether there is such a kernel, and all else that the reduction reads is there before it
   */
  join(steps: Step[], along: Along, operation: string): boolean {
    const { shape, axes, reads } = along.reduction;
    if ([...axes].sort().join() !== PIXELS) return false;
    const tensors = allReads(reads);
    const found = tensors.map(({ buffer }) => this.open.get(buffer)).find((each) => each !== undefined);
    if (!found || shape.join() !== found.kernel.result.shape.join()) return false;
    const { index, kernel } = found;
    const others = tensors.filter(({ buffer }) => buffer !== kernel.result.buffer);
    const isLate = steps
      .slice(index)
      .some(({ writes }) => others.some(({ buffer }) => writes.includes(buffer)));
    const body = isLate ? undefined : bodyWith(kernel, along);
    if (!body) return false;
    this.open.delete(kernel.result.buffer);
    const step = steps[index] as KernelStep;
    steps[index] = {
      ...step,
      detail: `${step.detail}, with the sums of ${operation}`,
      flops: step.flops + along.reduction.accumulators.length * 2 * sizeOf(shape),
      bytes: step.bytes + bytesMoved(others),
      reads: body.reads,
      writes: body.writes,
      body,
    };
    return true;
  }
}

function bodyWith(kernel: OpenKernel, along: Along): KernelBody | undefined {
  try {
    return kernel.withSums(along);
  } catch (error) {
    if (error instanceof NotHeld || error instanceof UnevenLanes) return undefined;
    throw error;
  }
}
