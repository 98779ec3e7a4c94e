import { inputsOf, type Program, variablesOf } from '../../graph/program.js';
import { type DType, formatType, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import { verifyProgram } from '../../graph/verify.js';
import type { CompileOptions, NamedData } from '../engine.js';

/** Element type of an array. */
function dtypeOf(data: TensorData): DType {
  return data instanceof Int32Array ? 'i32' : 'f32';
}

/**
 * The inputs that a program takes, out of those given; others are left alone.
 *
 * @throws Error naming the input that is missing or of the wrong size or type
 */
export function checkInputs(program: Program, inputs: NamedData): Record<string, TensorData> {
  const checked: Record<string, TensorData> = {};
  for (const type of inputsOf(program)) {
    const data = Object.hasOwn(inputs, type.name) ? inputs[type.name] : undefined;
    if (data === undefined) throw new Error(`the input ${type.name} (${formatType(type)}) is missing`);
    if (!(data instanceof Float32Array || data instanceof Int32Array)) {
      throw new Error(`the input ${type.name} must be a Float32Array or an Int32Array`);
    }
    if (isHandedOver(data)) {
      throw new Error(
        `the input ${type.name} is empty: an earlier call handed its buffer over to the engine; give that call a copy`,
      );
    }
    expectFit(`the input ${type.name}`, data, type);
    checked[type.name] = data;
  }
  return checked;
}

/** Whether an array has lost its buffer to another thread; ArrayBuffer.detached tells from Node.js 22 on. */
function isHandedOver({ buffer, length }: TensorData): boolean {
  if (length > 0) return false;
  try {
    buffer.slice(0, 0);
    return false;
  } catch {
    return true;
  }
}

function expectFit(what: string, data: TensorData, type: TensorType): void {
  if (dtypeOf(data) !== type.dtype || data.length !== sizeOf(type.shape)) {
    throw new Error(
      `${what} must be ${formatType(type)}, ${sizeOf(type.shape)} values, ` +
        `but has ${data.length} values of ${dtypeOf(data)}`,
    );
  }
}

/** Types of the variables that an engine has; refuses what does not fit them. */
export class VariableTypes {
  private readonly types = new Map<string, TensorType>();
  /** Variables that were written before any program told their shape: flat. */
  private readonly flat = new Set<string>();

  /** Whether the engine has a variable. */
  has(name: string): boolean {
    return this.types.has(name);
  }

  /**
   * Takes a program's variables.
   *
   * @throws GraphError when the program is malformed
   * @throws Error naming a variable that has another shape, or when a frozen program has updates
   */
  checkProgram(program: Program, options: Required<CompileOptions>): void {
    verifyProgram(program);
    const updates = Object.keys(program.updates);
    if (options.variables === 'frozen' && updates.length > 0)
      throw new Error(`a program with frozen variables cannot update ${updates[0]}`);
    const variables = variablesOf(program);
    for (const variable of variables) this.expectKnown(variable.name, variable);
    for (const { name, shape, dtype } of variables) {
      this.types.set(name, { shape, dtype });
      this.flat.delete(name);
    }
  }

  /**
   * Takes variables that are to be written.
   *
   * @throws Error naming a variable that has another size or type
   */
  checkWrite(values: ReadonlyMap<string, TensorData>): void {
    for (const [name, data] of values) {
      const type = this.types.get(name);
      if (type) expectFit(`the variable ${name}`, data, type);
    }
    for (const [name, data] of values) {
      if (this.types.has(name)) continue;
      this.types.set(name, { shape: [data.length], dtype: dtypeOf(data) });
      this.flat.add(name);
    }
  }

  /** @throws Error naming a variable that the engine does not have */
  checkRead(names: readonly string[] | undefined): void {
    for (const name of names ?? []) {
      if (!this.types.has(name)) throw new Error(`the engine has no variable ${name}`);
    }
  }

  private expectKnown(name: string, type: TensorType): void {
    const known = this.types.get(name);
    if (!known) return;
    const same = this.flat.has(name)
      ? known.dtype === type.dtype && known.shape[0] === sizeOf(type.shape)
      : formatType(known) === formatType(type);
    if (!same)
      throw new Error(
        `the variable ${name} is ${formatType(type)} in the program, but ${formatType(known)} in the engine`,
      );
  }
}
