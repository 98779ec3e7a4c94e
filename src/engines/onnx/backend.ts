import { env } from 'onnxruntime-node';
import { errorMessage, UserError } from '../../errors.js';
import { type Program, variablesOf } from '../../graph/program.js';
import { recompute } from '../../graph/recompute.js';
import type { TensorData } from '../../graph/tensorType.js';
import type { BackendFactory, CompileOptions, EngineBackend } from '../engine.js';
import { freeArrays } from '../host/freeArrays.js';
import { probeBlockSize } from './blockProbe.js';
import { OnnxExecutable } from './executable.js';
import { labelInputs } from './labels.js';
import { lowerProgram } from './lowering/lowerProgram.js';
import { createSession } from './session.js';
import { Variables } from './variables.js';

/** Settings of {@link OnnxBackend}. */
export interface OnnxBackendOptions {
  readonly threads: number;
  /** Block of the NCHWc layout that lowerings may use; undefined for ONNX's standard operators alone. */
  readonly blockSize: number | undefined;
}

/** Runs programs as ONNX models in ONNX Runtime, on the calling thread and its own pool. */
export class OnnxBackend implements EngineBackend {
  readonly description: string;
  readonly precision = 'f32';
  private readonly variables = new Variables();

  constructor(private readonly options: OnnxBackendOptions) {
    const { threads, blockSize } = options;
    const layout = blockSize === undefined ? 'no blocked layout' : `blocks of ${blockSize} channels`;
    const count = threads === 1 ? '1 thread' : `${threads} threads`;
    this.description = `ONNX Runtime ${env.versions.node ?? ''} (f32, ${count}, ${layout})`;
  }

  async compile(program: Program, { variables }: Required<CompileOptions>): Promise<OnnxExecutable> {
    for (const { name, shape, dtype } of variablesOf(program)) this.variables.declare(name, shape, dtype);
    const frozen = variables === 'frozen';
    const lowered = lowerProgram(recompute(program), {
      // With constant weights, ONNX Runtime's own optimiser chooses layouts, and keeps them between convolutions.
      blockSize: frozen ? undefined : this.options.blockSize,
    });
    try {
      const session = await createSession(lowered.bytes, {
        threads: this.options.threads,
        optimise: frozen,
        externalData: lowered.externalData,
      });
      if (frozen) freeArrays(lowered.externalData.map(({ data }) => data));
      return new OnnxExecutable(session, lowered, this.variables, labelInputs(program));
    } catch (error) {
      throw new Error(`ONNX Runtime refused the program: ${errorMessage(error)}`);
    }
  }

  read(names: readonly string[] = this.variables.names()): Map<string, TensorData> {
    return new Map(names.map((name) => [name, this.variables.current(name).slice()]));
  }

  write(values: ReadonlyMap<string, TensorData>): void {
    for (const [name, data] of values) this.variables.write(name, data);
  }

  close(): void {}
}

/** The ONNX Runtime engine for a worker. */
export const createBackend: BackendFactory = async ({ threads, precision }) => {
  if (precision === 'bf16') throw new UserError('the onnx engine computes in f32, not in bf16');
  return new OnnxBackend({ threads, blockSize: await probeBlockSize() });
};
