import type { InferenceSession, OnnxValue, Tensor } from 'onnxruntime-node';
import { errorMessage } from '../../errors.js';
import type { TensorData } from '../../graph/tensorType.js';
import { fillUniform } from '../../random.js';
import type { BackendExecutable, NamedData, RunOptions } from '../engine.js';
import { freeArrays } from '../host/freeArrays.js';
import type { LabelRange } from './labels.js';
import { checkLabels } from './labels.js';
import type { Feed, Fetch, LoweredProgram } from './lowering/lowerProgram.js';
import { tensorOver, type Variables, zeros } from './variables.js';

/** A program as a session of ONNX Runtime. */
export class OnnxExecutable implements BackendExecutable {
  private readonly feeds: readonly Feed[];
  private readonly fetches: readonly Fetch[];

  constructor(
    private readonly session: InferenceSession,
    { feeds, fetches }: Pick<LoweredProgram, 'feeds' | 'fetches'>,
    private readonly variables: Variables,
    private readonly labels: readonly LabelRange[],
  ) {
    this.feeds = feeds;
    this.fetches = fetches;
  }

  async run(inputs: NamedData, options: Required<RunOptions>): Promise<Record<string, TensorData>> {
    checkLabels(this.labels, inputs);
    const feeds: Record<string, OnnxValue> = {};
    for (const feed of this.feeds) feeds[feed.model] = this.contents(feed, inputs, options);
    const outputs: Record<string, TensorData> = {};
    const fetches: Record<string, Tensor> = {};
    for (const { model, target, shape, dtype } of this.fetches) {
      const data = target.kind === 'update' ? this.destination(target) : zeros(dtype, shape);
      if (target.kind === 'output') outputs[target.name] = data;
      fetches[model] = tensorOver(data, shape);
    }
    try {
      freeCopies(await this.session.run(feeds, fetches), fetches);
    } catch (error) {
      throw new Error(`ONNX Runtime could not run the program: ${errorMessage(error)}`);
    }
    freeArrays(Object.values(inputs));
    for (const { target } of this.fetches) {
      if (target.kind === 'update' && !target.inPlace) this.variables.swap(target.name);
    }
    return outputs;
  }

  close(): Promise<void> {
    return this.session.release();
  }

  private destination({ name, inPlace }: { readonly name: string; readonly inPlace: boolean }): TensorData {
    return inPlace ? this.variables.current(name) : this.variables.spare(name);
  }

  private contents({ source, shape }: Feed, inputs: NamedData, { seed, step }: Required<RunOptions>): Tensor {
    if (source.kind === 'input') return tensorOver(inputs[source.name]!, shape);
    if (source.kind === 'variable') return tensorOver(this.variables.current(source.name), shape);
    const numbers = zeros('f32', shape) as Float32Array;
    fillUniform(numbers, seed, source.stream, step);
    return tensorOver(numbers, shape);
  }
}

/** Frees what a run returned besides the arrays that it was told to write: ONNX Runtime's binding copies each. */
function freeCopies(
  results: Readonly<Record<string, OnnxValue>>,
  written: Readonly<Record<string, Tensor>>,
): void {
  const copies = Object.entries(results).flatMap(([name, { data }]) =>
    Array.isArray(data) || data.buffer === (written[name]!.data as TensorData).buffer ? [] : [data],
  );
  freeArrays(copies);
}
