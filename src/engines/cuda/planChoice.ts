import { createHash } from 'node:crypto';
import { type Program, variablesOf } from '../../graph/program.js';
import { sizeOf } from '../../graph/tensorType.js';
import { type Arithmetic, BYTES, type Device, type Pointer } from './device.js';
import { CudaExecutable, type ExecutableParts } from './executable.js';
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
    const text = plan.steps.map(({ detail }) => detail).join();
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

function planOf({ device, program, arithmetic }: Task, way: Way): Plan {
  return planProgram(device, program, arithmetic, FUSED_BYTES[way]);
}

/** What a choice holds for: operations and shapes, not the values of constants. */
function keyOf({ program: { nodes, values }, arithmetic }: Task): string {
  const operations = nodes.map(({ kind, attributes, inputs, outputs }) => [
    ...[kind, inputs, outputs],
    kind === 'constant' ? undefined : attributes,
  ]);
  const hash = createHash('sha256').update(JSON.stringify([operations, values]));
  return `plan ${arithmetic} ${hash.digest('hex').slice(0, 24)}`;
}

/** Milliseconds of a plan, which is closed; infinite without memory for a second set of variables. */
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
    if (error instanceof OutOfDeviceMemory) return Number.POSITIVE_INFINITY;
    throw error;
  } finally {
    if (executable) executable.close();
    else releaseSteps(plan.steps);
    for (const pointer of memory.values()) device.free(pointer);
  }
}
