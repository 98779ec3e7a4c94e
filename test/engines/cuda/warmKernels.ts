/** Compiles the kernels of many programs at once, which takes a fraction of the time of one compiler for each. */
import type { Device, KernelSource } from '../../../src/engines/cuda/device.js';
import { prelude } from '../../../src/engines/cuda/kernels/prelude.js';
import { planProgram, releaseSteps } from '../../../src/engines/cuda/plan/plan.js';
import { sourceOf } from '../../../src/engines/cuda/work.js';
import type { Precision } from '../../../src/engines/engine.js';
import type { Program } from '../../../src/graph/program.js';
import { withoutCollectives } from '../../../src/graph/withoutCollectives.js';
import { openEmulator } from './emulator/device.js';

/** The kernels of a program's plan on a device. */
export function kernelsOf(device: Device, program: Program, precision: Precision): KernelSource[] {
  const plan = planProgram(device, withoutCollectives(program), precision);
  const sources = [...plan.prologue, ...plan.steps].map(sourceOf).filter((source) => source !== undefined);
  releaseSteps(plan.steps);
  return sources;
}

/** Compiles the kernels of programs for the emulator, which keeps them in files. */
export async function warmKernels(programs: readonly Program[], precision: Precision): Promise<void> {
  const device = openEmulator({ prelude });
  try {
    const sources = programs.flatMap((program) => kernelsOf(device, program, precision));
    await device.compile([...new Map(sources.map((source) => [source.name, source])).values()]);
  } finally {
    device.close();
  }
}
