import { errorMessage } from '../../errors.js';
import { type Shape, sizeOf, type TensorData } from '../../graph/tensorType.js';
import { fillUniform } from '../../random.js';
import type { BackendExecutable, NamedData, RunOptions } from '../engine.js';
import type { ProgramLabels } from './labels.js';
import type { Feed, FeedSource, Fetch, LoweredProgram } from './lowering/lowerProgram.js';
import type { OnnxRuntime, RuntimeSession, Wanted } from './runtime.js';
import type { UpdatedTensor } from './variables.js';

/** A program as a session of ONNX Runtime. */
export class OnnxExecutable<Tensor> implements BackendExecutable {
  private readonly feeds: readonly Feed[];
  private readonly fetches: readonly Fetch[];

  constructor(
    private readonly runtime: OnnxRuntime<Tensor>,
    private readonly session: RuntimeSession<Tensor>,
    { feeds, fetches }: Pick<LoweredProgram, 'feeds' | 'fetches'>,
    private readonly variables: ReadonlyMap<string, UpdatedTensor<Tensor>>,
    private readonly labels: ProgramLabels,
    private readonly rank: number,
  ) {
    this.feeds = feeds;
    this.fetches = fetches;
  }

  async run(inputs: NamedData, options: Required<RunOptions>): Promise<Record<string, TensorData>> {
    await this.labels.check(inputs, (name) => this.runtime.read(this.variables.get(name)!.current));
    const feeds: Record<string, Tensor> = {};
    const own: Tensor[] = [];
    for (const { model, source, shape } of this.feeds) {
      if (source.kind === 'variable') feeds[model] = this.variables.get(source.name)!.current;
      else {
        feeds[model] = this.runtime.tensor(
          numbersOf(source, shape, inputs, { ...options, rank: this.rank }),
          shape,
        );
        own.push(feeds[model]);
      }
    }
    try {
      const wanted = this.fetches.map((fetch) => this.wanted(fetch));
      return await this.take(await this.session.run(feeds, wanted));
    } catch (error) {
      throw new Error(`ONNX Runtime could not run the program: ${errorMessage(error)}`);
    } finally {
      for (const tensor of own) this.runtime.dispose(tensor);
    }
  }

  close(): Promise<void> {
    return this.session.release();
  }

  private wanted({ model: name, target, shape, dtype }: Fetch): Wanted<Tensor> {
    const type = { shape, dtype };
    if (target.kind === 'output') return { name, type, toHost: true };
    const { current, spare } = this.variables.get(target.name)!;
    return { name, type, toHost: false, over: target.inPlace ? current : spare };
  }

  /** Stores updates in the variables, and returns the outputs. */
  private async take(results: readonly Tensor[]): Promise<Record<string, TensorData>> {
    const outputs: Record<string, TensorData> = {};
    for (const [i, { target }] of this.fetches.entries()) {
      const result = results[i]!;
      if (target.kind === 'update') this.variables.get(target.name)!.update(result);
      else outputs[target.name] = await this.runtime.take(result);
    }
    return outputs;
  }
}

/** Contents of a feed that is made for one run. */
function numbersOf(
  source: Exclude<FeedSource, { readonly kind: 'variable' }>,
  shape: Shape,
  inputs: NamedData,
  { seed, step, rank }: Required<RunOptions> & { readonly rank: number },
): TensorData {
  if (source.kind === 'input') return inputs[source.name]!;
  const numbers = new Float32Array(sizeOf(shape));
  fillUniform(numbers, seed, source.stream, step, rank * numbers.length);
  return numbers;
}
