import type { Tensor } from 'onnxruntime-node';
import type { Communicator, ReducedArray } from '../../../../distributed/communicator.js';
import type { Program } from '../../../../graph/program.js';
import { recompute } from '../../../../graph/recompute.js';
import type { TensorData, TensorType } from '../../../../graph/tensorType.js';
import { isFloat32Array } from '../../../../realms.js';
import type {
  BackendCompileOptions,
  BackendExecutable,
  EngineBackend,
  NamedData,
  RunOptions,
} from '../../../engine.js';
import type { OnnxBackend } from '../../backend.js';
import type { OnnxExecutable } from '../../executable.js';
import { ProgramLabels, type ReadVariable } from '../../labels.js';
import type { OnnxVariable, UpdatedTensor } from '../../variables.js';
import type { NodeRuntime } from '../runtime.js';
import { CarriedTensors } from './carriedTensors.js';
import { type SplitProgram, splitProgram } from './splitProgram.js';

/**
 * ONNX Runtime on one of several ranks. It has no operator that combines tensors of ranks: a program with collectives becomes several, between which
 * MPI works on the tensors' own memory.
 */
export class RankedBackend implements EngineBackend<OnnxVariable<Tensor>> {
  readonly description: string;
  readonly precision = 'f32';

  constructor(
    private readonly backend: OnnxBackend<Tensor>,
    private readonly runtime: NodeRuntime,
    private readonly communicator: Communicator,
  ) {
    this.description = backend.description;
  }

  variable(type: TensorType): OnnxVariable<Tensor> {
    return this.backend.variable(type);
  }

  async compile(
    program: Program,
    options: BackendCompileOptions<OnnxVariable<Tensor>>,
  ): Promise<BackendExecutable> {
    if (!program.nodes.some(({ kind }) => kind === 'allReduce'))
      return this.backend.compile(program, options);
    const split = splitProgram(recompute(program));
    const carried = new CarriedTensors(this.runtime, split);
    const variables = new Map<string, UpdatedTensor<Tensor>>([...options.variables, ...carried.byName]);
    const sessions: OnnxExecutable<Tensor>[] = [];
    try {
      for (const stage of split.stages)
        sessions.push(await this.backend.compileWith(stage.program, { ...options, variables }));
    } catch (error) {
      for (const session of sessions) await session.close();
      carried.close();
      throw error;
    }
    const labels = new ProgramLabels(program);
    const read: ReadVariable = (name) => options.variables.get(name)!.read();
    const checkLabels = (inputs: NamedData): Promise<void> => labels.check(inputs, read);
    return new RankedExecutable(split, sessions, carried, checkLabels, this.communicator);
  }

  close(): void {
    this.backend.close();
  }
}

/** A program cut at its collectives. */
class RankedExecutable implements BackendExecutable {
  constructor(
    private readonly split: SplitProgram,
    private readonly sessions: readonly OnnxExecutable<Tensor>[],
    private readonly carried: CarriedTensors,
    private readonly checkLabels: (inputs: NamedData) => Promise<void>,
    private readonly communicator: Communicator,
  ) {}

  async run(inputs: NamedData, options: Required<RunOptions>): Promise<Record<string, TensorData>> {
    await this.checkLabels(inputs);
    for (const [input, name] of this.split.inputs) this.carried.data(name).set(inputs[input]!);
    const outputs: Record<string, TensorData> = {};
    for (const [i, session] of this.sessions.entries()) {
      Object.assign(outputs, await session.run(inputs, options));
      this.combine(i);
    }
    return outputs;
  }

  async close(): Promise<void> {
    for (const session of this.sessions) await session.close();
    this.carried.close();
  }

  private combine(stage: number): void {
    for (const { fn, results, from } of this.split.stages[stage]!.combinations) {
      const arrays = results.map((name) => floats(this.carried.data(name)));
      arrays.forEach((array, i) => {
        const source = from[i];
        if (source !== undefined) array.set(this.carried.data(source));
      });
      this.communicator.allReduce(arrays, fn);
    }
  }
}

/** Collectives take floats alone. */
function floats(data: TensorData): ReducedArray {
  if (!isFloat32Array(data)) throw new Error('ranks combine floats');
  return data;
}
