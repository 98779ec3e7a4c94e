import { UserError } from '../../errors.js';
import { type Program, variablesOf } from '../../graph/program.js';
import type { TensorData } from '../../graph/tensorType.js';
import { verifyProgram } from '../../graph/verify.js';
import type { BackendFactory, EngineBackend } from '../engine.js';
import { ReferenceExecutable } from './executable.js';
import type { Values } from './kernel.js';
import { type Arithmetic, toStored, toTensorData, VariableStore } from './variables.js';

/** Options of {@link ReferenceBackend}. */
export interface ReferenceOptions {
  /** How floats are stored between operations; each operation computes in double precision. Default `f64`. */
  readonly arithmetic?: Arithmetic;
}

/**
 * The engine that others are measured against: plain loops, one operation after the other, on the calling
 * thread. `run` and `read` round to 32 bits as other engines do; `runExact` and `readExact` do not.
 */
export class ReferenceBackend implements EngineBackend {
  readonly description: string;
  readonly precision = 'f32';
  private readonly store: VariableStore;
  private readonly arithmetic: Arithmetic;

  constructor({ arithmetic = 'f64' }: ReferenceOptions = {}) {
    this.arithmetic = arithmetic;
    this.store = new VariableStore(arithmetic);
    this.description = `reference (plain TypeScript, ${arithmetic}, 1 thread)`;
  }

  /** @throws GraphError when the program is malformed */
  compile(program: Program): ReferenceExecutable {
    verifyProgram(program);
    for (const variable of variablesOf(program)) this.store.declare(variable);
    return new ReferenceExecutable(
      program,
      {
        get: (name) => this.store.get(name),
        replace: (name, value) => this.store.replace(name, value),
      },
      this.arithmetic,
    );
  }

  read(names: readonly string[] = this.store.names()): Map<string, TensorData> {
    return new Map(names.map((name) => [name, toTensorData(this.store.get(name))]));
  }

  /** {@link read} without rounding. */
  readExact(names: readonly string[] = this.store.names()): Map<string, Values> {
    return new Map(names.map((name) => [name, this.store.get(name).slice()]));
  }

  /** Sets variables from arrays of 32 or 64 bits. */
  write(values: ReadonlyMap<string, Values>): void {
    for (const [name, data] of values) this.store.replace(name, toStored(data, this.arithmetic));
  }

  close(): void {}
}

/** The reference engine for a worker. */
export const createBackend: BackendFactory = ({ precision }) => {
  if (precision === 'bf16') throw new UserError('the reference engine does not compute in bf16');
  return new ReferenceBackend();
};
