import type { Phase } from '../../../graph/phase.js';
import { phasesOf } from '../../../graph/phases.js';
import type { Program, ValueId } from '../../../graph/program.js';
import { type Shape, sizeOf, type TensorType } from '../../../graph/tensorType.js';
import type { AnyEngineNode } from '../../fusion/node.js';
import type { Usage } from '../../fusion/usage.js';
import type { Reduction } from '../codegen/accumulator.js';
import { bigReads, type Expression, fromStored } from '../codegen/expression.js';
import { type KernelBody, pointwise, type Store } from '../codegen/pointwise.js';
import { reduction } from '../codegen/reduction.js';
import { isNative, type Stored } from '../codegen/stored.js';
import { type Arithmetic, BYTES, type Device, type StorageType } from '../device.js';
import { PlanBuffers } from './buffers.js';
import { Chains } from './chains.js';
import { LateSteps } from './lateSteps.js';
import { type OpenKernel, OpenKernels } from './openKernels.js';
import type { Step } from './step.js';
import { bytesMoved, describeTensors } from './traffic.js';

/** Options of a draft. */
export interface DraftSettings {
  readonly device: Device;
  readonly program: Program;
  /** The program's nodes as they are planned. */
  readonly nodes: readonly AnyEngineNode[];
  /** Of these nodes. */
  readonly usage: Usage;
  /** Of convolutions and products; `bf16` also stores images in bf16. */
  readonly arithmetic: Arithmetic;
  /** Bytes of the images around a convolution of our own that is fused with its neighbours, at most; 0: none is. */
  readonly fusedBytes: number;
  /** Whether a node computes what it reads again in its own kernel rather than want it in memory. */
  readonly computesInputs: (node: AnyEngineNode) => boolean;
}

/** The largest cost of an expression that is computed again by each of its readers. */
const CHEAP = 40;

/** The most tensors that an expression reads before it is written: a kernel has 512 parameters, for its results, too. */
const MOST_READS = 256;

/**
 * A plan under construction, as lowerings use it. A value is stored, or an expression that its readers compute: images
 * are only written where a library needs them, or where computing them again would read more than reading them.
 */
export class Draft {
  readonly device: Device;
  readonly arithmetic: Arithmetic;
  readonly fusedBytes: number;
  readonly usage: Usage;
  readonly buffers = new PlanBuffers();
  readonly chains: Chains;
  readonly prologue: Step[] = [];
  readonly steps: Step[] = [];
  private readonly values: readonly TensorType[];
  private readonly phases: ReadonlyMap<ValueId, Phase>;
  private readonly expressions = new Map<ValueId, Expression>();
  private readonly copies = new Map<ValueId, Stored[]>();
  private readonly made = new Map<string, Stored>();
  private readonly late = new LateSteps();
  private readonly openKernels = new OpenKernels();
  private readonly computesInputs: (node: AnyEngineNode) => boolean;
  private owner: { operation: string; phase?: Phase | undefined } = { operation: '' };

  constructor({ device, program, nodes, usage, arithmetic, fusedBytes, computesInputs }: DraftSettings) {
    this.device = device;
    this.arithmetic = arithmetic;
    this.fusedBytes = fusedBytes;
    this.usage = usage;
    this.computesInputs = computesInputs;
    this.values = program.values;
    this.phases = phasesOf(program);
    this.chains = new Chains(nodes, {
      usage,
      buffers: this.buffers,
      shapeOf: (value) => this.shapeOf(value),
      storageOf: (value) => this.storageOf(value),
    });
  }

  /** Says which node is planned next. */
  begin(node: AnyEngineNode): void {
    const phase = node.outputs.length > 0 ? this.phases.get(node.outputs[0]!) : undefined;
    this.owner = { operation: node.kind, ...(phase && { phase }) };
  }

  typeOf(value: ValueId): TensorType {
    return this.values[value]!;
  }

  shapeOf(value: ValueId): Shape {
    return this.values[value]!.shape;
  }

  /** How a value is stored: images of the forward and backward passes in bf16 where that is the arithmetic, else as they are. */
  storageOf(value: ValueId): StorageType {
    const { shape, dtype } = this.values[value]!;
    if (dtype === 'i32') return 'i32';
    const isImage = shape.length === 4 && this.phases.get(value) !== 'update';
    return isImage && this.arithmetic === 'bf16' && sizeOf(shape) > shape[0]! * shape[1]! ? 'bf16' : 'f32';
  }

  /**
   * Records how a value is computed. It is written at once if several readers would each read more than one tensor for it, or
   * if it reads very many.
   */
  define(value: ValueId, expression: Expression): void {
    this.expressions.set(value, expression);
    if (expression.reads.length >= MOST_READS) {
      this.stored(value);
      return;
    }
    if (expression.cost === 0 || isCheap(expression)) return;
    const users = this.usage.usersOf(value);
    const compute = bigReads(expression) <= 2 ? users.filter(this.computesInputs).length : 0;
    const readers = users.length + (this.usage.isKept(value) ? 1 : 0);
    if (readers > 1 && readers > compute) this.stored(value);
  }

  /** Records where a value is. */
  place(value: ValueId, stored: Stored): void {
    this.expressions.set(value, fromStored(stored));
    this.copies.set(value, [stored]);
  }

  /** A value as its readers should compute it. */
  expression(value: ValueId): Expression {
    this.late.addOf(value);
    const known = this.expressions.get(value);
    if (!known) throw new Error(`value ${value} is not planned yet`);
    const copy = this.copies.get(value)?.find((each) => each.type === this.storageOf(value));
    return copy && !isCheap(known) ? fromStored(copy) : known;
  }

  /** A value in memory, in any layout. */
  stored(value: ValueId): Stored {
    this.late.addOf(value);
    const known = this.copies.get(value)?.[0];
    return known ?? this.storedAs(value, this.storageOf(value));
  }

  /** A value in memory, of a type, dense with the channel last if it has four axes. */
  storedAs(value: ValueId, type: StorageType, suits: (stored: Stored) => boolean = isNative): Stored {
    this.late.addOf(value);
    const copies = this.copies.get(value) ?? [];
    const known = copies.find((copy) => copy.type === type && suits(copy));
    if (known) return known;
    const stored = this.write(this.expression(value), type, copies.length === 0 ? value : undefined);
    this.copies.set(value, [...copies, stored]);
    return stored;
  }

  /** Computes a value now. */
  compute(value: ValueId, expression: Expression): void {
    this.place(value, this.write(expression, this.storageOf(value), value));
  }

  /**
   * Writes an expression to a new tensor.
   *
   * @param value the value that it is, which may have a place where it belongs
   */
  write(expression: Expression, type: StorageType, value?: ValueId): Stored {
    const isFixed = expression.reads.every(({ buffer }) => buffer.storage === 'constant');
    const target = isFixed
      ? this.buffers.tensor(expression.shape, type, { storage: 'constant' })
      : this.space(expression.shape, type, value);
    this.store([{ expression, target }]);
    return target;
  }

  /** Memory for a tensor: of its own, or where the value belongs. */
  space(shape: Shape, type: StorageType, value: ValueId | undefined): Stored {
    const place = value === undefined ? undefined : this.chains.placeOf(value);
    return place?.type === type ? place : this.buffers.tensor(shape, type);
  }

  /** Writes expressions of one shape. */
  store(stores: readonly Store[]): void {
    const body = pointwise(stores, this.device.multiprocessors);
    const reads = stores.flatMap(({ expression }) => expression.reads);
    const writes = stores.map(({ target }) => target);
    const flops = stores.reduce((sum, { expression }) => sum + expression.cost * sizeOf(expression.shape), 0);
    this.kernel(body, reads, writes, flops);
  }

  /** What was made under a name, or is made now. */
  once(name: string, make: () => Stored): Stored {
    const known = this.made.get(name) ?? make();
    this.made.set(name, known);
    return known;
  }

  /** Adds a reduction: to the kernel that computes what it is of, if that is open. */
  reduce(spec: Reduction): void {
    const memory = {
      partials: (bytes: number) => this.buffers.raw(bytes, 'transient'),
      counters: (bytes: number) => this.buffers.raw(bytes, 'static'),
    };
    const { multiprocessors } = this.device;
    if (this.openKernels.join(this.steps, { reduction: spec, memory }, this.owner.operation)) return;
    const body = reduction(spec, memory, multiprocessors);
    const flops = spec.accumulators.length * 2 * sizeOf(spec.shape);
    this.kernel(
      body,
      spec.reads.flatMap(({ reads }) => reads),
      spec.results.map(({ target }) => target),
      flops,
    );
  }

  /** Has the kernel that was added last add up its results, too, if a reduction of them follows. */
  keepOpen(kernel: OpenKernel): void {
    this.openKernels.add(this.steps, kernel);
  }

  /**
   * Adds a kernel that writes a value, as soon as the value is read: those of several values are then one launch.
   *
   * @param bytes memory that waits for it
   */
  finishLater(value: ValueId, bytes: number, add: () => void): void {
    const { owner } = this;
    this.late.put(value, bytes, () => {
      const present = this.owner;
      this.owner = owner;
      add();
      this.owner = present;
    });
  }

  /** Adds a kernel. */
  kernel(body: KernelBody, reads: readonly Stored[], writes: readonly Stored[], flops: number): void {
    const isFixed = body.writes.every(({ storage }) => storage === 'constant');
    (isFixed ? this.prologue : this.steps).push({
      kind: 'kernel',
      ...this.owner,
      detail: describeTensors(reads, writes),
      flops,
      bytes: bytesMoved(reads) + bytesMoved(writes),
      reads: body.reads,
      writes: body.writes,
      body,
    });
  }

  /** Adds a step of a library. */
  add(step: StepWithoutOwner): void {
    this.steps.push({ ...this.owner, ...step });
  }

  /** A new tensor for a value, which a step will write. */
  output(value: ValueId, type: StorageType = this.storageOf(value)): Stored {
    const stored = this.space(this.shapeOf(value), type, value);
    this.place(value, stored);
    return stored;
  }

  /** Memory for a library's step alone. */
  workspace(bytes: number): ReturnType<PlanBuffers['raw']> | undefined {
    return bytes > 0 ? this.buffers.raw(Math.max(bytes, BYTES.f32), 'transient') : undefined;
  }
}

/** A step as lowerings give it. */
type StepWithoutOwner = Step extends infer S
  ? S extends Step
    ? Omit<S, 'operation' | 'phase'>
    : never
  : never;

function isCheap(expression: Expression): boolean {
  return bigReads(expression) <= 1 && expression.cost <= CHEAP;
}
