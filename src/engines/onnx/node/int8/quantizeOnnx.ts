import { UsageError } from '../../../../errors.js';
import type { ClassifierInput } from '../../../../formats/onnx/classifierInput.js';
import { OnnxGraph } from '../../../../formats/onnx/int8/onnxGraph.js';
import { planInt8, weightedNodes } from '../../../../formats/onnx/int8/plan.js';
import { quantize } from '../../../../formats/onnx/int8/quantize.js';
import { openOnnxModel } from '../openModel.js';
import { type Calibration, calibrate, joined, type RangeRule } from './calibrate.js';
import { type Fidelity, fidelityOf } from './fidelity.js';

/** Options of {@link quantizeOnnx}. */
export interface QuantizeOptions {
  /** Threads of computation. Default: all. */
  readonly threads?: number | undefined;
  /** Largest error of the logits ({@link Fidelity}) up to which nothing is left in float. Default 0.03. */
  readonly tolerance?: number | undefined;
  /** Called with what is done, for a progress bar; `done` goes to 1. */
  readonly onProgress?: ((what: string, done: number) => void) | undefined;
}

/** A model in 8-bit integers. */
export interface Int8Model extends Fidelity {
  /** The file. */
  readonly model: Uint8Array;
  /** Convolutions and linear layers. */
  readonly layers: number;
  /** Those of them that stay in float, since integers change the logits too much: their places among all, from 0, the most sensitive first. */
  readonly inFloat: readonly number[];
  /** How ranges were found; the better of both rules is taken. */
  readonly rule: RangeRule;
}

/** Error up to which nothing is left in float. */
const TOLERANCE = 0.03;
/** Images on which each layer is tried alone. */
const TRIED = 4;
/** Share of the layers that may stay in float. */
const MOST_IN_FLOAT = 0.25;

interface Trial extends Fidelity {
  readonly model: Uint8Array;
}

/**
 * Quantises a float model that `export` made to 8-bit integers, statically: ranges of activations are calibrated on
 * images, weights have a scale per output channel. The layers that change the logits most stay in float if the whole is not within
 * the tolerance.
 *
 * @param model an exported model in ONNX
 * @param inputs training images, in batches, as the model takes them
 * @throws UsageError when there are no images
 * @throws UserError when ONNX Runtime cannot run the model
 */
export async function quantizeOnnx(
  model: Uint8Array,
  inputs: readonly ClassifierInput[],
  options: QuantizeOptions = {},
): Promise<Int8Model> {
  if (inputs.length === 0) throw new UsageError('a model is calibrated on one image or more, not on none');
  const graph = OnnxGraph.parse(model);
  const { onProgress, threads, tolerance = TOLERANCE } = options;
  onProgress?.('calibrating', 0);
  const calibration = await calibrate(graph, [...planInt8(graph).rangeOf.keys()], inputs, threads);
  const search = new Search(graph, inputs, calibration, threads);
  const { rule, ...trial } = await search.betterRule();
  const layers = weightedNodes(graph);
  if (trial.error <= tolerance) return { ...trial, rule, layers: layers.length, inFloat: [] };
  const sensitive = await search.bySensitivity(rule, layers, (done) =>
    onProgress?.('looking for sensitive layers', done),
  );
  let best: Trial & { readonly count: number } = { ...trial, count: 0 };
  const most = Math.max(1, Math.floor(MOST_IN_FLOAT * layers.length));
  for (let count = 1; best.error > tolerance; count = Math.min(2 * count, most)) {
    const next = await search.trial(rule, new Set(sensitive.slice(0, count)));
    if (next.error < best.error) best = { ...next, count };
    if (count === most) break;
  }
  const inFloat = sensitive.slice(0, best.count).map((name) => layers.indexOf(name));
  const { error, agreement } = best;
  return { model: best.model, error, agreement, rule, layers: layers.length, inFloat };
}

/** Tries out which nodes are computed with integers. */
class Search {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly inputs: readonly ClassifierInput[],
    private readonly calibration: Calibration,
    private readonly threads: number | undefined,
  ) {}

  /** A model with some layers in float. */
  async trial(rule: RangeRule, excluded: ReadonlySet<string>, inputs = this.inputs): Promise<Trial> {
    const metadata = { quantization: `int8, calibrated on ${imagesOf(this.inputs)} images, ${rule} ranges` };
    const model = quantize(
      this.graph,
      planInt8(this.graph, excluded),
      this.calibration.ranges[rule],
      metadata,
    );
    const session = await openOnnxModel(model, { threads: this.threads });
    const logits: Float32Array[] = [];
    try {
      for (const { data, shape } of inputs) logits.push(await session.run(data, shape));
    } finally {
      await session.close();
    }
    const found = joined(logits);
    const expected = this.calibration.logits.subarray(0, found.length);
    const classes = this.calibration.logits.length / imagesOf(this.inputs);
    return { model, ...fidelityOf(found, expected, classes) };
  }

  async betterRule(): Promise<Trial & { readonly rule: RangeRule }> {
    const widest = await this.trial('widest', new Set());
    const mean = await this.trial('mean', new Set());
    return mean.error < widest.error ? { ...mean, rule: 'mean' } : { ...widest, rule: 'widest' };
  }

  /** Layers in the order of the error that each one makes alone, the greatest first. */
  async bySensitivity(
    rule: RangeRule,
    layers: readonly string[],
    onProgress: (done: number) => void,
  ): Promise<string[]> {
    const first = firstImages(this.inputs[0]!, TRIED);
    const errors = new Map<string, number>();
    for (const [i, layer] of layers.entries()) {
      const others = new Set(layers.filter((other) => other !== layer));
      errors.set(layer, (await this.trial(rule, others, [first])).error);
      onProgress((i + 1) / layers.length);
    }
    return layers.toSorted((a, b) => errors.get(b)! - errors.get(a)!);
  }
}

function firstImages({ data, shape }: ClassifierInput, count: number): ClassifierInput {
  const [images = 0, ...image] = shape;
  const kept = Math.min(count, images);
  return { data: data.subarray(0, (data.length / images) * kept), shape: [kept, ...image] };
}

function imagesOf(inputs: readonly ClassifierInput[]): number {
  return inputs.reduce((total, { shape }) => total + shape[0]!, 0);
}
