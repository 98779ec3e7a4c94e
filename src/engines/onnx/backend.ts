import { errorMessage } from '../../errors.js';
import type { Program } from '../../graph/program.js';
import { recompute } from '../../graph/recompute.js';
import type { TensorType } from '../../graph/tensorType.js';
import { withoutCollectives } from '../../graph/withoutCollectives.js';
import type { BackendCompileOptions, EngineBackend } from '../engine.js';
import { freeArrays } from '../host/freeArrays.js';
import { OnnxExecutable } from './executable.js';
import { ProgramLabels } from './labels.js';
import { lowerProgram } from './lowering/lowerProgram.js';
import type { OnnxRuntime } from './runtime.js';
import { OnnxVariable, type UpdatedTensor } from './variables.js';

/** Runs programs as ONNX models in ONNX Runtime, on the calling thread and the runtime's own. */
export class OnnxBackend<Tensor> implements EngineBackend<OnnxVariable<Tensor>> {
  readonly precision = 'f32';
  /** Absent where the runtime's threads are fixed. */
  readonly useThreads?: (threads: number) => void;

  /** @param rank which of several ranks this is, whose random numbers are parts of those of one. Default 0 */
  constructor(
    private readonly runtime: OnnxRuntime<Tensor>,
    private readonly rank = 0,
  ) {
    if (runtime.useThreads) this.useThreads = (threads) => runtime.useThreads?.(threads);
  }

  get description(): string {
    const { name, provider, resources } = this.runtime;
    const { blockSize } = provider;
    const layout = blockSize === undefined ? 'no blocked layout' : `blocks of ${blockSize} channels`;
    return `${name} (f32, ${resources}, ${layout})`;
  }

  variable(type: TensorType): OnnxVariable<Tensor> {
    return new OnnxVariable(this.runtime, type);
  }

  compile(
    program: Program,
    options: BackendCompileOptions<OnnxVariable<Tensor>>,
  ): Promise<OnnxExecutable<Tensor>> {
    return this.compileWith(recompute(withoutCollectives(program)), options);
  }

  /** Prepares a program without collectives as it is, some of whose variables may be other tensors than the engine's. */
  async compileWith(
    program: Program,
    {
      variables,
      frozen,
    }: { readonly variables: ReadonlyMap<string, UpdatedTensor<Tensor>>; readonly frozen: boolean },
  ): Promise<OnnxExecutable<Tensor>> {
    const { runtime } = this;
    // With constant weights, ONNX Runtime's own optimiser fuses nodes and chooses layouts, and keeps them between convolutions.
    const left = { blockSize: undefined, fusedConv: false };
    const provider = frozen ? { ...runtime.provider, ...left } : runtime.provider;
    const labels = new ProgramLabels(program);
    const lowered = lowerProgram(program, provider);
    const { bytes, externalData } = lowered;
    const session = await runtime
      .session(bytes, { optimise: frozen, externalData })
      .catch((error: unknown) => {
        throw new Error(`ONNX Runtime refused the program: ${errorMessage(error)}`);
      });
    if (frozen) freeArrays(externalData.map(({ data }) => data));
    return new OnnxExecutable(runtime, session, lowered, variables, labels, this.rank);
  }

  close(): void {}
}
