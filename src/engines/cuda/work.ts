import { kernelSource, manySource } from './codegen/source.js';
import type { Stored } from './codegen/stored.js';
import { BYTES, type Device, type Kernel, type KernelSource, type Pointer } from './device.js';
import type { PlanMemory } from './memory.js';
import type { ConvolutionStep, KernelStep, ManyStep, ProductStep, Step } from './plan/step.js';

/** A step that is ready to be added to the device's stream. */
export interface Work {
  readonly step: Step;
  run(): void;
}

/** Steps made ready, and the memory that they need besides. */
export interface ReadyWork {
  readonly work: readonly Work[];
  readonly tables: readonly Pointer[];
}

/** The kernel of a step, if it has one. */
export function sourceOf(step: Step): KernelSource | undefined {
  if (step.kind === 'kernel') return kernelSource(step.body);
  return step.kind === 'many' ? manySource(step.bodies[0]!) : undefined;
}

/** Compiles the kernels of steps, and binds them to their memory. */
export async function makeReady(
  device: Device,
  memory: PlanMemory,
  steps: readonly Step[],
): Promise<ReadyWork> {
  const sources = steps.map(sourceOf);
  const distinct = new Map(sources.flatMap((source) => (source ? [[source.name, source] as const] : [])));
  const compiled = await device.compile([...distinct.values()]);
  const kernels = new Map(compiled.map((kernel) => [kernel.name, kernel] as const));
  const tables: Pointer[] = [];
  const bind = (step: Step, kernel: Kernel | undefined): Work => {
    switch (step.kind) {
      case 'kernel':
        return bindKernel(device, memory, step, kernel!);
      case 'many':
        return bindMany(device, memory, step, kernel!, tables);
      case 'convolution':
        return bindConvolution(memory, step);
      case 'product':
        return bindProduct(memory, step);
    }
  };
  const work = steps.map((step, i) => bind(step, sources[i] && kernels.get(sources[i].name)));
  return { work, tables };
}

function addressOf(memory: PlanMemory, { buffer, offset, type }: Stored): Pointer {
  return memory.pointer(buffer) + offset * BYTES[type];
}

function bindKernel(device: Device, memory: PlanMemory, step: KernelStep, kernel: Kernel): Work {
  const { buffers, blocks, threads } = step.body;
  const pointers = buffers.map(({ buffer }) => memory.pointer(buffer));
  return { step, run: () => device.launch(kernel, { blocks, threads }, pointers) };
}

function bindMany(
  device: Device,
  memory: PlanMemory,
  step: ManyStep,
  kernel: Kernel,
  tables: Pointer[],
): Work {
  const { bodies } = step;
  const rows = bodies.flatMap(({ buffers, units }) => [
    ...buffers.map(({ buffer }) => BigInt(memory.pointer(buffer))),
    BigInt(units!),
  ]);
  const blocks = bodies.flatMap((body, row) =>
    Array.from({ length: body.blocks }, (_, block) => [row, block]).flat(),
  );
  const upload = (data: ArrayBufferView): Pointer => {
    const pointer = device.allocate(data.byteLength);
    tables.push(pointer);
    device.upload(pointer, data);
    return pointer;
  };
  const pointers = [upload(BigUint64Array.from(rows)), upload(Uint32Array.from(blocks))];
  const shape = { blocks: blocks.length / 2, threads: bodies[0]!.threads };
  return { step, run: () => device.launch(kernel, shape, pointers) };
}

function bindConvolution(memory: PlanMemory, step: ConvolutionStep): Work {
  const { prepared, workspace, image, filter, result, bias, addend } = step;
  const pointers = {
    image: addressOf(memory, image),
    filter: addressOf(memory, filter),
    result: addressOf(memory, result),
    bias: bias && addressOf(memory, bias),
    addend: addend && addressOf(memory, addend),
  };
  const scratch = workspace ? memory.pointer(workspace) : 0;
  return { step, run: () => prepared.run(pointers, scratch) };
}

function bindProduct(memory: PlanMemory, step: ProductStep): Work {
  const { prepared, workspace, a, b, c } = step;
  const pointers = { a: addressOf(memory, a), b: addressOf(memory, b), c: addressOf(memory, c) };
  const scratch = workspace ? memory.pointer(workspace) : 0;
  return { step, run: () => prepared.run(pointers, scratch) };
}
