import koffi from 'koffi';
import type { Communicator } from '../../distributed/communicator.js';
import { sizeOf, type TensorData } from '../../graph/tensorType.js';
import type { BackendExecutable, NamedData, ProfileEntry, RunOptions } from '../engine.js';
import type { Arena } from './arena.js';
import { describeSpec } from './describe.js';
import { type Dnnl, DnnlError } from './dnnl.js';
import type { MachineCode } from './kernels/machineCode.js';
import { updateTable } from './kernels/updateKernel.js';
import type { Pointer } from './memoryDesc.js';
import type { Place } from './plan/place.js';
import type { Plan } from './plan/plan.js';
import type { HostRun, HostStep, KernelStep, PrimitiveStep, Step, UpdateStep } from './plan/step.js';
import { PlanMemory } from './planMemory.js';
import { describeStep, describeSteps, type StepDescription } from './profile.js';

/** A step that is ready to be executed. */
interface ReadyStep {
  readonly step: Step;
  execute(run: HostRun): void;
}

/** The resources that execute steps. */
export interface Native {
  readonly dnnl: Dnnl;
  /** For kernels; only plans that were made for it have some. */
  readonly machineCode: MachineCode | undefined;
  readonly communicator: Communicator;
}

/** A program on oneDNN: a list of prepared primitives and host functions, with all their memory. */
export class DnnlExecutable implements BackendExecutable {
  readonly description: string;
  private readonly memory: PlanMemory;
  private readonly steps: readonly ReadyStep[];
  /** The library's tensors, by their descriptors' keys (long, so each is kept once) and their addresses. */
  private readonly handles = new Map<string, Map<Pointer, Pointer>>();
  private descriptions: readonly StepDescription[] | undefined;

  constructor(
    private readonly native: Native,
    private readonly plan: Plan,
    variable: (name: string) => Arena,
    remark?: string,
  ) {
    this.description = [describeSteps(plan.steps), ...(remark === undefined ? [] : [remark])].join(', ');
    try {
      this.memory = new PlanMemory(plan, variable);
      this.executePrologue(plan.prologue);
      this.steps = plan.steps.map((step) => this.prepare(step));
    } catch (error) {
      this.releaseNative();
      throw error;
    }
  }

  /** Has the system supply all memory now, for times that are those of later runs. */
  supplyMemory(): void {
    this.memory.supply();
  }

  run(inputs: NamedData, options: Required<RunOptions>): Record<string, TensorData> {
    this.setInputs(inputs);
    const run = this.hostRun(options);
    for (const step of this.steps) step.execute(run);
    return Object.fromEntries(
      [...this.plan.outputs].map(([name, place]) => [name, this.memory.view(place).slice()]),
    );
  }

  profile(inputs: NamedData, options: Required<RunOptions>): ProfileEntry[] {
    this.setInputs(inputs);
    const run = this.hostRun(options);
    const times = this.steps.map(({ execute }) => {
      const begin = performance.now();
      execute(run);
      return performance.now() - begin;
    });
    this.descriptions ??= this.steps.map(({ step }) => describeStep(step));
    return this.descriptions.map((description, i) => ({ ...description, milliseconds: times[i]! }));
  }

  close(): void {
    this.releaseNative();
    this.memory.free();
  }

  /** Frees the library's objects. */
  private releaseNative(): void {
    this.releaseHandles();
    for (const primitive of this.plan.primitives) this.native.dnnl.release(primitive);
  }

  private executePrologue(prologue: readonly Step[]): void {
    const run = this.hostRun({ seed: 0, step: 0 });
    for (const step of prologue) this.prepare(step).execute(run);
    this.releaseHandles();
    this.memory.endPrologue();
  }

  private hostRun(options: Required<RunOptions>): HostRun {
    return { ...options, communicator: this.native.communicator };
  }

  private releaseHandles(): void {
    for (const tensors of this.handles.values())
      for (const memory of tensors.values()) this.native.dnnl.releaseMemory(memory);
    this.handles.clear();
  }

  private setInputs(inputs: NamedData): void {
    for (const [name, place] of this.plan.inputs) this.memory.view(place).set(inputs[name]!);
  }

  private prepare(step: Step): ReadyStep {
    switch (step.kind) {
      case 'host':
        return this.prepareHost(step);
      case 'kernel':
        return this.prepareKernel(step);
      case 'primitive':
        return this.preparePrimitive(step);
      case 'update':
        return this.prepareUpdate(step);
    }
  }

  private prepareHost(step: HostStep): ReadyStep {
    const inputs = step.inputs.map((place) => this.memory.view(place));
    const outputs = step.outputs.map((place) => this.memory.view(place));
    return { step, execute: (run) => step.compute(inputs, outputs, run) };
  }

  private preparePrimitive(step: PrimitiveStep): ReadyStep {
    const { dnnl } = this.native;
    const { handle } = step.primitive;
    const count = step.args.length;
    const list = new BigUint64Array(2 * count);
    step.args.forEach(({ arg, place }, i) => {
      list[2 * i] = BigInt(arg);
      list[2 * i + 1] = BigInt(this.memoryHandle(place));
    });
    const address = Number(koffi.address(list.buffer));
    return {
      step,
      execute: () => {
        // The reference keeps the list alive as long as its address is used.
        const status = dnnl.execute(handle, list.length / 2, address);
        if (status !== 0)
          throw new DnnlError(
            `oneDNN ${dnnl.version}: ${describeSpec(step.spec)}: ${dnnl.statusText(status)}`,
          );
      },
    };
  }

  private prepareKernel(step: KernelStep): ReadyStep {
    const { machineCode } = this.native;
    if (!machineCode) throw new Error(`no machine code can be run for ${step.name}`);
    const address = (place: Place): Pointer => this.memory.address(place);
    const run = machineCode.prepare(step.kernel, {
      src: address(step.places.src),
      dst: address(step.places.dst),
      bias: step.places.bias && address(step.places.bias),
      addend: step.places.addend && address(step.places.addend),
      others: [...(step.places.reads ?? []), ...(step.places.writes ?? [])].map(address),
    });
    return { step, execute: run };
  }

  private prepareUpdate(step: UpdateStep): ReadyStep {
    const { machineCode } = this.native;
    if (!machineCode) throw new Error(`no machine code can be run for ${step.operation}`);
    const address = (place: Place): Pointer => this.memory.address(place);
    const tensors = step.tensors.map(({ updated, gradient, scalars }) => ({
      elements: sizeOf(gradient.desc.shape),
      updated: updated.map(address),
      gradient: address(gradient),
      scalars: scalars.map(address),
    }));
    return { step, execute: machineCode.prepareTable(step.kernel, updateTable(tensors)) };
  }

  private memoryHandle(place: Place): Pointer {
    const address = this.memory.address(place);
    const tensors = this.handles.get(place.desc.key) ?? new Map<Pointer, Pointer>();
    this.handles.set(place.desc.key, tensors);
    const handle = tensors.get(address) ?? this.native.dnnl.memory(place.desc, address);
    tensors.set(address, handle);
    return handle;
  }
}
