import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { UserError } from '../../errors.js';
import { type Program, variablesOf } from '../../graph/program.js';
import { sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import { fillUniform } from '../../random.js';
import type {
  BackendExecutable,
  CompileOptions,
  EngineBackend,
  EngineOptions,
  NamedData,
  RunOptions,
} from '../engine.js';
import { type AssembledModel, assemble, FEED } from './assemble.js';
import { OnnxVariables } from './variables.js';

/** Version of the installed ONNX Runtime. */
function runtimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return version;
}

/** The engine on ONNX Runtime, which npm installs everywhere: a program becomes one ONNX model. */
class OnnxBackend implements EngineBackend {
  readonly description: string;
  private readonly variables = new OnnxVariables();

  constructor(private readonly threads: number) {
    this.description = `ONNX Runtime ${runtimeVersion()}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, f32`;
  }

  async compile(program: Program, options: Required<CompileOptions>): Promise<BackendExecutable> {
    const names = variablesOf(program).map((variable) => {
      this.variables.declare(variable.name, variable);
      return variable.name;
    });
    const frozen =
      options.variables === 'frozen' ? this.variables.read(names) : new Map<string, TensorData>();
    const model = assemble(program, frozen);
    const session = await InferenceSession.create(model.bytes, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
    });
    return new OnnxExecutable(session, model, this.variables);
  }

  read(names?: readonly string[]): Map<string, TensorData> {
    return this.variables.read(names);
  }

  write(values: ReadonlyMap<string, TensorData>): void {
    this.variables.write(values);
  }

  close(): void {
    this.variables.clear();
  }
}

class OnnxExecutable implements BackendExecutable {
  private readonly streams: Map<string, Tensor>;

  constructor(
    private readonly session: InferenceSession,
    private readonly model: AssembledModel,
    private readonly variables: OnnxVariables,
  ) {
    this.streams = new Map(
      [...model.feeds.streams].map(([name, { shape }]) => [
        name,
        new Tensor('float32', new Float32Array(sizeOf(shape)), shape),
      ]),
    );
  }

  async run(inputs: NamedData, { seed, step }: Required<RunOptions>): Promise<Record<string, TensorData>> {
    const { feeds, outputs, updates, outputTypes } = this.model;
    const fetches = new Map([...outputs.values()].map((name) => [name, emptyTensor(outputTypes.get(name)!)]));
    for (const [name, output] of updates) fetches.set(output, this.variables.spare(name));
    for (const [stream, tensor] of this.streams) {
      fillUniform(tensor.data as Float32Array, seed, stream.slice(FEED.stream.length), step);
    }
    const fed = [
      ...[...feeds.inputs].map(
        ([name, type]) => [name, inputTensor(inputs[name.slice(FEED.input.length)]!, type)] as const,
      ),
      ...this.streams,
      ...[...feeds.variables.keys()].map(
        (name) => [name, this.variables.current(name.slice(FEED.variable.length))] as const,
      ),
    ];
    await this.session.run(Object.fromEntries(fed), Object.fromEntries(fetches));
    for (const name of updates.keys()) this.variables.swap(name);
    return Object.fromEntries(
      [...outputs].map(([name, output]) => [name, fetches.get(output)!.data as TensorData]),
    );
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}

function inputTensor(data: TensorData, { shape }: TensorType): Tensor {
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

function emptyTensor({ shape, dtype }: TensorType): Tensor {
  const size = sizeOf(shape);
  return inputTensor(dtype === 'i32' ? new Int32Array(size) : new Float32Array(size), { shape, dtype });
}

/**
 * Starts the engine.
 *
 * @throws UserError for bf16, which ONNX Runtime does not compute in on this path
 */
export async function createBackend(options: Required<EngineOptions>): Promise<EngineBackend> {
  if (options.precision !== 'f32')
    throw new UserError('the onnx engine computes in f32 alone; bf16 needs the onednn engine');
  return new OnnxBackend(options.threads);
}
