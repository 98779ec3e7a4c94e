import { createHash } from 'node:crypto';
import type { OpKind } from '../../graph/op.js';
import { type Program, type ValueId, variablesOf } from '../../graph/program.js';
import { type Shape, sizeOf } from '../../graph/tensorType.js';
import { type Arithmetic, BYTES, type Device, type Pointer } from './device.js';
import { CudaExecutable, type ExecutableParts } from './executable.js';
import { convolutionShapes } from './lowering/fusing.js';
import { LibraryError } from './native/libraryError.js';
import { OutOfDeviceMemory } from './native/outOfDeviceMemory.js';
import { type Plan, planProgram, releaseSteps } from './plan/plan.js';

/** Which convolutions are fused, by the bytes of their images: none, those of small images, all. */
const FUSED_BYTES = { none: 0, small: 2 ** 24, all: Number.POSITIVE_INFINITY };

type Way = keyof typeof FUSED_BYTES;

const WAYS = Object.keys(FUSED_BYTES) as Way[];

/** A program and what it is planned for. */
interface Task {
  readonly device: Device;
  readonly program: Program;
  readonly arithmetic: Arithmetic;
}

/**
 * The plan that is fastest on the device, of those that fuse different convolutions. They are timed on memory of zeros and other
 * variables, when a program is compiled for the first time.
 *
 * @param parts what executables share
 */
export async function choosePlan(task: Task, parts: Omit<ExecutableParts, 'variable'>): Promise<Plan> {
  const timed = new Set<string>();
  const measure = (way: Way): Promise<number> => {
    const plan = planOf(task, way);
    const text = textOf(plan);
    if (timed.has(text)) {
      releaseSteps(plan.steps);
      return Promise.resolve(Number.POSITIVE_INFINITY);
    }
    timed.add(text);
    return timeOf(task, plan, parts);
  };
  const way = await task.device.choose<Way>({ key: keyOf(task), ways: WAYS, byRule: 'small', measure });
  return planOf(task, way);
}

/** What the steps of a plan do. Kernels that differ, and calls of libraries, can have the same tensors. */
function textOf({ steps }: Plan): string {
  const texts = steps.map((step) => {
    if (step.kind === 'convolution' || step.kind === 'product')
      return [step.kind, step.detail, step.prepared.implementation];
    const bodies = step.kind === 'many' ? step.bodies : [step.body];
    return [step.detail, bodies.map(({ text, units, blocks, threads }) => [text, units, blocks, threads])];
  });
  return JSON.stringify(texts);
}

function planOf({ device, program, arithmetic }: Task, way: Way): Plan {
  return planProgram(device, program, arithmetic, FUSED_BYTES[way]);
}

/** Operations besides convolutions that are fused with them. */
const NORMALISATIONS: readonly OpKind[] = ['batchNormTrain', 'batchNormTrainGrad', 'batchNormInference'];

/**
 * What a choice holds for: the convolutions and normalisations with their shapes. Trainings of a model with other losses and optimisers
 * take the same.
 */
function keyOf({ program: { nodes, values }, arithmetic }: Task): string {
  const shapeOf = (value: ValueId): Shape => values[value]!.shape;
  const operations = nodes.flatMap((node) => {
    const image = NORMALISATIONS.includes(node.kind) ? shapeOf(node.inputs[0]!) : undefined;
    const shapes = image ?? convolutionShapes(node, shapeOf);
    return shapes ? [{ kind: node.kind, shapes }] : [];
  });
  const hash = createHash('sha256').update(JSON.stringify(operations));
  return `plan ${arithmetic} ${hash.digest('hex').slice(0, 24)}`;
}

/**
 * Milliseconds of a plan, which is closed; infinite without memory for a second set of variables, or where a library fails, as it does
 * without memory for its kernels.
 */
async function timeOf(
  { device, program }: Task,
  plan: Plan,
  parts: Omit<ExecutableParts, 'variable'>,
): Promise<number> {
  const memory = new Map<string, Pointer>();
  let executable: CudaExecutable | undefined;
  try {
    for (const { name, shape, dtype } of variablesOf(program)) {
      const bytes = Math.max(1, sizeOf(shape)) * BYTES[dtype];
      const pointer = device.allocate(bytes);
      memory.set(name, pointer);
      device.clear(pointer, bytes);
    }
    const variable = (name: string): Pointer => memory.get(name)!;
    executable = await CudaExecutable.create(device, program, plan, { ...parts, variable });
    return executable.time();
  } catch (error) {
    if (!(error instanceof OutOfDeviceMemory || error instanceof LibraryError)) throw error;
    // Work that was added before may still use the memory.
    device.synchronize();
    return Number.POSITIVE_INFINITY;
  } finally {
    if (executable) executable.close();
    else releaseSteps(plan.steps);
    for (const pointer of memory.values()) device.free(pointer);
  }
}
