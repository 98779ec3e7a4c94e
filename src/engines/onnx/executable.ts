import { errorMessage } from '../../errors.js';
import type { TensorData } from '../../graph/tensorType.js';
import { fillUniform } from '../../random.js';
import type { BackendExecutable, NamedData, RunOptions } from '../engine.js';
import { freeArrays } from '../host/freeArrays.js';
import type { LabelRange } from './labels.js';
import { checkLabels } from './labels.js';
import type { Feed, Fetch, LoweredProgram } from './lowering/lowerProgram.js';
import type { OnnxRuntime, RuntimeSession, Wanted } from './runtime.js';
import { type OnnxVariable, zeros } from './variables.js';

/** A program as a session of ONNX Runtime. */
export class OnnxExecutable<Tensor> implements BackendExecutable {
  private readonly feeds: readonly Feed[];
  private readonly fetches: readonly Fetch[];

  constructor(
    private readonly runtime: OnnxRuntime<Tensor>,
    private readonly session: RuntimeSession<Tensor>,
    { feeds, fetches }: Pick<LoweredProgram, 'feeds' | 'fetches'>,
    private readonly variables: ReadonlyMap<string, OnnxVariable<Tensor>>,
    private readonly labels: readonly LabelRange[],
  ) {
    this.feeds = feeds;
    this.fetches = fetches;
  }

  async run(inputs: NamedData, options: Required<RunOptions>): Promise<Record<string, TensorData>> {
    checkLabels(this.labels, inputs);
    const feeds: Record<string, Tensor> = {};
    for (const feed of this.feeds) feeds[feed.model] = this.fed(feed, inputs, options);
    const results = await this.session
      .run(
        feeds,
        this.fetches.map((fetch) => this.wanted(fetch)),
      )
      .catch((error: unknown) => {
        throw new Error(`ONNX Runtime could not run the program: ${errorMessage(error)}`);
      });
    freeArrays(Object.values(inputs));
    return this.take(results);
  }

  close(): Promise<void> {
    return this.session.release();
  }

  private fed({ source, shape }: Feed, inputs: NamedData, { seed, step }: Required<RunOptions>): Tensor {
    if (source.kind === 'input') return this.runtime.tensor(inputs[source.name]!, shape);
    if (source.kind === 'variable') return this.variables.get(source.name)!.current;
    const numbers = zeros('f32', shape) as Float32Array;
    fillUniform(numbers, seed, source.stream, step);
    return this.runtime.tensor(numbers, shape);
  }

  private wanted({ model: name, target, shape, dtype }: Fetch): Wanted<Tensor> {
    const type = { shape, dtype };
    if (target.kind === 'output') return { name, type, toHost: true };
    const { current, spare } = this.variables.get(target.name)!;
    return { name, type, toHost: false, over: target.inPlace ? current : spare };
  }

  /** Takes updates into the variables, and returns the outputs. */
  private async take(results: readonly Tensor[]): Promise<Record<string, TensorData>> {
    const outputs: Record<string, TensorData> = {};
    for (const [i, { target }] of this.fetches.entries()) {
      const result = results[i]!;
      if (target.kind === 'update') this.variables.get(target.name)!.update(result);
      else outputs[target.name] = await this.runtime.contents(result);
    }
    return outputs;
  }
}
