import { IMAGENET_NORMALISATION } from '../../src/data/dataset.js';
import { quantizeOnnx } from '../../src/engines/onnx/node/int8/quantizeOnnx.js';
import type { ClassifierInput } from '../../src/formats/onnx/classifierInput.js';
import { biasLoss, createEngine, createModel, Learner, type Model, sgd } from '../../src/index.js';
import { requestOf } from '../../src/runs/loadClassifier.js';
import { readWeights } from '../../src/runs/weights.js';
import { describeWeights } from '../../src/runs/weightsDescription.js';
import { exportModelOnnx } from '../../src/train/exportWeights.js';
import { type StateDictTensors, stateDictOf } from '../../src/train/stateDict.js';
import { formulaImages } from '../formulaImages.js';
import type { BenchmarkModel } from '../models.js';
import { quantizedInHalves } from './agreement.js';
import { latencyOf } from './latency.js';
import type { Int8Row } from './table.js';

/** What `bench int8` is told. */
export interface Int8Options {
  /** Models with new weights, of which only sizes and latencies are known. */
  readonly models: readonly BenchmarkModel[];
  /** Real weights, and a folder of class folders of images for them. */
  readonly weights?: string | undefined;
  readonly data?: string | undefined;
  /** Numbers of threads that latencies are measured with. */
  readonly threads: readonly number[];
  readonly rounds: number;
}

/** Images that new weights are calibrated on. */
const CALIBRATED = 4;

type Quantized = Omit<Int8Row, 'latencies' | 'bytes'> & {
  readonly float: Uint8Array;
  readonly int8: Uint8Array;
  readonly input: ClassifierInput;
};

/**
 * Sizes and latencies of models in float and in 8-bit integers in ONNX Runtime, and what integers change in the classes of
 * images with real weights.
 *
 * @throws UserError when the weights or images cannot be used
 */
export async function timeInt8(
  options: Int8Options,
  progress: (text: string) => void,
): Promise<readonly Int8Row[]> {
  const { weights, data, models } = options;
  const rows: Int8Row[] = [];
  if (weights !== undefined && data !== undefined) {
    progress(`${weights}: quantising`);
    rows.push(await timed(await ofWeights(weights, data), options));
  }
  for (const model of models) {
    progress(`${model.label}: quantising`);
    rows.push(await timed(await ofNewWeights(model), options));
  }
  return rows;
}

async function timed(
  { float, int8, input, ...row }: Quantized,
  { threads, rounds }: Int8Options,
): Promise<Int8Row> {
  const latencies = [];
  for (const count of threads)
    latencies.push(await latencyOf({ float, int8 }, input, { threads: count, rounds }));
  return { ...row, bytes: { float: float.length, int8: int8.length }, latencies };
}

async function ofWeights(path: string, data: string): Promise<Quantized> {
  const weights = { ...readWeights(path), path };
  const model = createModel(requestOf(weights, undefined));
  const { preprocessing, classes } = describeWeights(weights, model);
  const float = exported(model, stateDictOf(model, weights.tensors), { ...preprocessing, classes });
  const { quantized, ...rest } = await quantizedInHalves({ float, classes, preprocessing, data });
  return { model: `${model.config.name}, real weights`, float, ...partsOf(quantized), ...rest };
}

async function ofNewWeights({ label, workload }: BenchmarkModel): Promise<Quantized> {
  const { model: name, classes, image_size: imageSize, ...options } = workload;
  const model = createModel({ name, classes, imageSize, ...options });
  const engine = await createEngine('onnx');
  try {
    const parts = { loss: biasLoss(), optimizer: sgd() };
    const learner = await Learner.create({ engine, model, batchSize: CALIBRATED, ...parts });
    const names = Array.from({ length: classes }, (_, i) => `class ${i}`);
    const float = exported(model, await learner.stateDict(), { ...IMAGENET_NORMALISATION, classes: names });
    await learner.close();
    const shape = [CALIBRATED, 3, imageSize, imageSize];
    const input = { data: formulaImages({ batchSize: CALIBRATED, model }), shape };
    // All layers in integers: which of them are sensitive, new weights do not tell.
    const quantized = await quantizeOnnx(float, [input], { tolerance: Number.POSITIVE_INFINITY });
    return { model: label, float, input, ...partsOf(quantized) };
  } finally {
    await engine.close();
  }
}

function exported(
  model: Model,
  tensors: StateDictTensors,
  about: {
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly classes: readonly string[];
  },
): Uint8Array {
  const { mean, std, classes } = about;
  return exportModelOnnx(model, tensors, { mean, std, classes });
}

function partsOf({
  model,
  layers,
  inFloat,
}: Awaited<ReturnType<typeof quantizeOnnx>>): Pick<Quantized, 'int8' | 'layers'> {
  return { int8: model, layers: { inFloat: inFloat.length, all: layers } };
}
