import type { Program, ValueId } from '../../graph/program.js';
import { sizeOf, type TensorData } from '../../graph/tensorType.js';
import { fillUniform } from '../../random.js';
import type { BackendExecutable, Precision, ProfileEntry, RunOptions } from '../engine.js';
import { isImageBytes, type NamedInputs } from '../imageBytes.js';
import type { Stored } from './codegen/stored.js';
import type { Arithmetic, CapturedGraph, Delivery, Device, Kernel, Pointer } from './device.js';
import { Inbox, type InputPlace } from './inbox.js';
import { PlanMemory } from './memory.js';
import { type Plan, releaseSteps } from './plan/plan.js';
import type { Step } from './plan/step.js';
import type { Results } from './results.js';
import { makeReady, type ReadyWork } from './work.js';

/** Rounds of a profile, of which the middle one counts. */
const PROFILED = 5;
/** Milliseconds of runs before one is timed: an idle card has to raise its clocks. */
const WARM_UP_MS = 200;

/** An input that holds class numbers. */
interface LabelInput {
  readonly name: string;
  readonly classes: number;
}

/** What an executable is made with besides device, program and plan. */
export interface ExecutableParts {
  readonly variable: (name: string) => Pointer;
  readonly unpack: Kernel;
  readonly results: Results;
}

/** A run whose work was added, and its outputs, which are filled when they are delivered. */
interface StartedRun {
  readonly outputs: Record<string, TensorData>;
  readonly delivery: Delivery;
}

/** A program on a device: kernels and calls of libraries, which are one graph from the second run on. */
export class CudaExecutable implements BackendExecutable {
  readonly description: string;
  private readonly labels: readonly LabelInput[];
  private graph: CapturedGraph | undefined;
  private hasRun = false;

  private constructor(
    private readonly device: Device,
    private readonly plan: Plan,
    private readonly memory: PlanMemory,
    private readonly ready: ReadyWork,
    private readonly inbox: Inbox,
    private readonly results: Results,
    program: Program,
  ) {
    const libraries = plan.steps.filter(({ kind }) => kind === 'convolution' || kind === 'product').length;
    const megabytes = (memory.bytes / 2 ** 20).toFixed(0);
    this.description = `${plan.steps.length} steps, 0 of them in TypeScript, ${libraries} the libraries', ${megabytes} MiB`;
    this.labels = labelInputs(program);
  }

  /**
   * Gets memory, compiles kernels and computes what is fixed.
   *
   * @param parts variable: the pointers of variables, by name; unpack: the kernel `unpackImages`; results: the device's
   */
  static async create(
    device: Device,
    program: Program,
    plan: Plan,
    { variable, unpack, results }: ExecutableParts,
  ): Promise<CudaExecutable> {
    let memory: PlanMemory | undefined;
    let inbox: Inbox | undefined;
    const tables: Pointer[] = [];
    try {
      memory = new PlanMemory(device, plan, variable);
      inbox = new Inbox(device, unpack, inputPlaces(plan, memory));
      for (const { stored, data } of plan.constants) device.upload(memory.pointer(stored.buffer), data);
      const prologue = await makeReady(device, memory, plan.prologue);
      tables.push(...prologue.tables);
      for (const { run } of prologue.work) run();
      device.synchronize();
      for (const pointer of tables.splice(0)) device.free(pointer);
      const ready = await makeReady(device, memory, plan.steps);
      return new CudaExecutable(device, plan, memory, ready, inbox, results, program);
    } catch (error) {
      for (const pointer of tables) device.free(pointer);
      inbox?.close();
      memory?.free();
      releaseSteps(plan.steps);
      throw error;
    }
  }

  async run(
    inputs: NamedInputs,
    options: Required<RunOptions>,
    ahead?: NamedInputs,
  ): Promise<Record<string, TensorData>> {
    const { outputs, delivery } = this.start(inputs, options, ahead);
    await this.results.of(delivery);
    return outputs;
  }

  /** Adds a run to the device's work, behind one that may still be in progress. */
  private start(inputs: NamedInputs, options: Required<RunOptions>, ahead?: NamedInputs): StartedRun {
    try {
      if (ahead) this.checkLabels(ahead);
      this.setInputs(inputs, options);
      this.compute();
      const started = this.collect();
      if (ahead) this.inbox.send(ahead);
      return started;
    } catch (error) {
      // The next run may have been requested already, and must not take what waits for this one.
      this.inbox.forget();
      throw error;
    }
  }

  private collect(): StartedRun {
    const outputs = [...this.plan.outputs].map(([name, stored]) => ({
      name,
      pointer: this.memory.pointer(stored.buffer),
      data: hostArray(stored),
    }));
    const delivery = this.device.deliver(outputs);
    return { outputs: Object.fromEntries(outputs.map(({ name, data }) => [name, data])), delivery };
  }

  private compute(): void {
    // Libraries may prepare themselves in the first run, which cannot be recorded.
    if (!this.hasRun) for (const { run } of this.ready.work) run();
    else {
      this.graph ??= this.device.capture(() => this.addWork());
      this.graph.launch();
    }
    this.hasRun = true;
  }

  /** Milliseconds of a run on the inputs that are there. */
  time(): number {
    const end = performance.now() + WARM_UP_MS;
    // The second run records the graph.
    for (let run = 0; run < 2 || performance.now() < end; run++) this.device.time(() => this.compute());
    return this.medianTime(() => this.compute());
  }

  profile(inputs: NamedInputs, options: Required<RunOptions>): ProfileEntry[] {
    this.setInputs(inputs, options);
    return this.ready.work.map(({ step, run }, i) => ({
      ...describe(step, this.plan.arithmetic),
      // Variables change in each run of an update: it is executed once.
      milliseconds: step.phase === 'update' || i === 0 ? this.device.time(run) : this.medianTime(run),
    }));
  }

  close(): void {
    this.graph?.close();
    releaseSteps(this.plan.steps);
    for (const pointer of this.ready.tables) this.device.free(pointer);
    this.inbox.close();
    this.memory.free();
  }

  /** Adds all steps; those that may be are done beside the others. */
  private addWork(): void {
    const { asides } = this.plan;
    const waiting: { readonly joined: number; readonly join: () => void }[] = [];
    const joinUntil = (index: number): void => {
      while (waiting[0] && waiting[0].joined <= index) waiting.shift()!.join();
    };
    this.ready.work.forEach(({ run }, index) => {
      joinUntil(index);
      const joined = asides.get(index);
      if (joined === undefined) run();
      else waiting.push({ joined, join: this.device.aside(run) });
    });
    joinUntil(Number.POSITIVE_INFINITY);
  }

  private checkLabels(inputs: NamedInputs): void {
    for (const { name, classes } of this.labels) {
      const data = inputs[name];
      if (data && !isImageBytes(data)) checkLabels(name, data, classes);
    }
  }

  private medianTime(run: () => void): number {
    const times = Array.from({ length: PROFILED }, () => this.device.time(run));
    return times.sort((a, b) => a - b)[(PROFILED - 1) / 2]!;
  }

  private setInputs(inputs: NamedInputs, { seed, step }: Required<RunOptions>): void {
    this.checkLabels(inputs);
    this.inbox.take(inputs);
    for (const [name, { buffer }] of this.plan.inputs) {
      const data = inputs[name];
      if (data && !isImageBytes(data)) this.device.upload(this.memory.pointer(buffer), data);
    }
    for (const { stream, stored } of this.plan.uniforms) {
      const numbers = new Float32Array(sizeOf(stored.shape));
      fillUniform(numbers, seed, stream, step, 0);
      this.device.upload(this.memory.pointer(stored.buffer), numbers);
    }
  }
}

/** Where the inputs of a plan are expected. */
function inputPlaces({ inputs }: Plan, memory: PlanMemory): Map<string, InputPlace> {
  return new Map(
    Array.from(inputs, ([name, stored]) => [name, { pointer: memory.pointer(stored.buffer), stored }]),
  );
}

/** An array for the numbers of a tensor. */
function hostArray({ shape, type }: Stored): TensorData {
  return type === 'i32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
}

function labelInputs({ nodes, values }: Program): LabelInput[] {
  const names = new Map<ValueId, string>();
  for (const node of nodes) if (node.kind === 'input') names.set(node.outputs[0]!, node.attributes.name);
  const found = new Map<string, number>();
  const add = (value: ValueId, classes: number): void => {
    const name = names.get(value);
    if (name !== undefined) found.set(name, Math.min(classes, found.get(name) ?? classes));
  };
  for (const node of nodes) {
    if (node.kind === 'softmaxCrossEntropy') add(node.inputs[1]!, values[node.inputs[0]!]!.shape[1]!);
    if (node.kind === 'oneHot') add(node.inputs[0]!, node.attributes.classes);
  }
  return [...found].map(([name, classes]) => ({ name, classes }));
}

function checkLabels(name: string, data: TensorData, classes: number): void {
  const place = data.findIndex((label) => !(label >= 0 && label < classes));
  if (place >= 0)
    throw new Error(`${name}: label ${data[place]} of image ${place} is not in 0 … ${classes - 1}`);
}

/** A step's entry in a profile, but for its time. */
function describe(step: Step, arithmetic: Arithmetic): Omit<ProfileEntry, 'milliseconds'> {
  const { operation, detail, flops, bytes, phase } = step;
  const isLibrary = step.kind === 'convolution' || step.kind === 'product';
  const precision: Precision = isLibrary ? arithmetic : 'f32';
  const implementation = isLibrary ? step.prepared.implementation : 'generated kernel';
  return { operation, detail, implementation, flops, bytes, precision, ...(phase && { phase }) };
}
