import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { Shape, TensorData, TensorType } from '../../../graph/tensorType.js';
import { isInt32Array, isUint8Array } from '../../../realms.js';
import { freeArrays } from '../../host/freeArrays.js';
import type { Provider } from '../providers.js';
import type { OnnxRuntime, RuntimeSession, SessionOptions, Wanted } from '../runtime.js';
import { zeros } from '../variables.js';

/** Settings of {@link NodeRuntime}. */
export interface NodeRuntimeOptions {
  readonly provider: Provider;
  /** Default: ONNX Runtime's. */
  readonly threads?: number | undefined;
  /** For descriptions. Default: the threads. */
  readonly resources?: string | undefined;
}

/**
 * Optimisers that would merge equal nodes or constants, of which the operator for batch normalisation
 * needs its own: it overwrites two of its inputs.
 */
const UNWANTED = ['CommonSubexpressionElimination', 'ConstantSharing'];

/** onnxruntime-node: tensors lie in arrays, which it reads and writes in place. */
export class NodeRuntime implements OnnxRuntime<Tensor> {
  readonly name = `ONNX Runtime ${env.versions.node ?? ''}`;
  readonly provider: Provider;
  readonly writesOver = true;
  /** Absent where others than the processors compute. */
  readonly useThreads?: (threads: number) => void;
  private threads: number | undefined;
  private readonly given: string | undefined;

  constructor({ provider, threads, resources }: NodeRuntimeOptions) {
    this.provider = provider;
    this.threads = threads;
    this.given = resources;
    if (resources === undefined)
      this.useThreads = (count) => {
        this.threads = count;
      };
  }

  get resources(): string {
    return this.given ?? (this.threads === 1 ? '1 thread' : `${this.threads ?? 'all'} threads`);
  }

  tensor(data: TensorData | Uint8Array, shape: Shape): Tensor {
    if (isUint8Array(data)) return new Tensor('uint8', data, shape);
    return isInt32Array(data) ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
  }

  read(tensor: Tensor): TensorData {
    return dataOf(tensor).slice();
  }

  take(tensor: Tensor): TensorData {
    return dataOf(tensor);
  }

  dispose(tensor: Tensor): void {
    freeArrays([dataOf(tensor)]);
  }

  async session(
    model: Uint8Array,
    { optimise, externalData }: SessionOptions,
  ): Promise<RuntimeSession<Tensor>> {
    const session = await InferenceSession.create(model, {
      ...(this.threads !== undefined && { intraOpNumThreads: this.threads }),
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // A pattern is one block for a whole run, found in the first run and then kept beside that run's memory.
      enableMemPattern: false,
      graphOptimizationLevel: optimise ? 'all' : 'disabled',
      // Errors are thrown; ONNX Runtime need not print them as well.
      logSeverityLevel: 4,
      externalData,
      executionProviders: [this.provider.name],
      extra: { optimization: { disable_specified_optimizers: UNWANTED.join(';') } },
    });
    return {
      run: (feeds, wanted) => runInto(session, feeds, wanted),
      release: () => session.release(),
    };
  }
}

/** A tensor's memory; models have no others than numbers of 32 bits. */
function dataOf({ data }: Tensor): TensorData {
  return data as TensorData;
}

/** Runs a session with an array for each result whose type is known. */
async function runInto(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  wanted: readonly Wanted<Tensor>[],
): Promise<Tensor[]> {
  const targets: Record<string, Tensor | null> = {};
  for (const { name, type, over } of wanted) targets[name] = over ?? (type ? empty(type) : null);
  const results = await session.run(feeds, targets);
  return wanted.map(({ name }) => {
    const [target, result] = [targets[name], results[name] as Tensor];
    if (!target) return result;
    // ONNX Runtime's binding returns a copy of each array that it has written.
    if (dataOf(result).buffer !== dataOf(target).buffer) freeArrays([dataOf(result)]);
    return target;
  });
}

function empty({ shape, dtype }: TensorType): Tensor {
  return new Tensor(dtype === 'i32' ? 'int32' : 'float32', zeros(dtype, shape), shape);
}
