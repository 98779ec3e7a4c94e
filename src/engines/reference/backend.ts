import { type Communicator, soloCommunicator } from '../../distributed/communicator.js';
import { UserError } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import type { TensorType } from '../../graph/tensorType.js';
import { verifyProgram } from '../../graph/verify.js';
import type { BackendCompileOptions, BackendFactory, EngineBackend } from '../engine.js';
import { ReferenceExecutable } from './executable.js';
import { type Arithmetic, ReferenceVariable } from './variables.js';

/** Options of {@link ReferenceBackend}. */
export interface ReferenceOptions {
  /** How floats are stored between operations; each operation computes in double precision. Default `f64`. */
  readonly arithmetic?: Arithmetic;
  /** The ranks that compute together. Default: this process alone. */
  readonly communicator?: Communicator;
}

/**
 * The engine that others are compared with: plain loops, one operation after the other, on the calling
 * thread. `run` and `read` round to 32 bits as on other engines; `runExact` and `readExact` do not.
 */
export class ReferenceBackend implements EngineBackend<ReferenceVariable> {
  readonly description: string;
  readonly precision = 'f32';
  private readonly arithmetic: Arithmetic;
  private readonly communicator: Communicator;

  constructor({ arithmetic = 'f64', communicator = soloCommunicator }: ReferenceOptions = {}) {
    this.arithmetic = arithmetic;
    this.communicator = communicator;
    this.description = `reference (plain TypeScript, ${arithmetic}, 1 thread)`;
  }

  variable(type: TensorType): ReferenceVariable {
    return new ReferenceVariable(type, this.arithmetic);
  }

  /**
   * @param options may be left out where the program has no variables
   * @throws GraphError when the program is malformed
   */
  compile(program: Program, options?: BackendCompileOptions<ReferenceVariable>): ReferenceExecutable {
    verifyProgram(program);
    return new ReferenceExecutable(
      program,
      options?.variables ?? new Map(),
      this.arithmetic,
      this.communicator,
    );
  }

  close(): void {}
}

/** The reference engine for a worker. */
export const createBackend: BackendFactory = ({ precision }, communicator) => {
  if (precision === 'bf16' || precision === 'tf32')
    throw new UserError(`the reference engine does not compute in ${precision}`);
  const backend: EngineBackend<ReferenceVariable> = new ReferenceBackend({ communicator });
  return backend;
};
