import { subset } from '../../src/data/dataset.js';
import type { Preprocessing } from '../../src/data/preprocessing.js';
import { type Int8Model, quantizeOnnx } from '../../src/engines/onnx/node/int8/quantizeOnnx.js';
import { openOnnxModel } from '../../src/engines/onnx/node/openModel.js';
import type { ClassifierInput } from '../../src/formats/onnx/classifierInput.js';
import { type ImageDataset, imageFolder, Loader } from '../../src/index.js';
import { asModelClasses } from '../../src/runs/classMapping.js';
import type { Accuracies } from './table.js';

/** An exported model and the images that its classes are of. */
export interface RealModel {
  readonly float: Uint8Array;
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing;
  /** Folder of class folders. */
  readonly data: string;
}

const BATCH = 10;

/**
 * Quantises a model on every other image and compares classes on the rest, then the other way round, so that each image is
 * predicted by a model that was not calibrated on it.
 *
 * @returns the first of the two int8 models, and the sums over both
 * @throws UserError when the images' classes are not the model's
 */
export async function quantizedInHalves(
  model: RealModel,
): Promise<{ quantized: Int8Model; accuracies: Accuracies; input: ClassifierInput }> {
  const images = asModelClasses(imageFolder(model.data), model.classes, 'the model');
  const halves = [0, 1].map((first) =>
    subset(
      images,
      Uint32Array.from({ length: Math.ceil((images.count - first) / 2) }, (_, i) => 2 * i + first),
    ),
  );
  const [first, second] = await Promise.all(halves.map((half) => prepared(half, model.preprocessing)));
  const quantized = await quantizeOnnx(model.float, first!.inputs);
  const other = await quantizeOnnx(model.float, second!.inputs);
  const counts = [
    await compared(model.float, quantized.model, second!),
    await compared(model.float, other.model, first!),
  ];
  const sum = (key: keyof Accuracies): number => counts.reduce((total, each) => total + each[key], 0);
  const accuracies = { images: sum('images'), same: sum('same'), float: sum('float'), int8: sum('int8') };
  return { quantized, accuracies, input: first!.inputs[0]! };
}

interface PreparedImages {
  readonly inputs: readonly ClassifierInput[];
  readonly labels: Int32Array;
}

async function prepared(images: ImageDataset, preprocessing: Preprocessing): Promise<PreparedImages> {
  const { imageSize } = preprocessing;
  const loader = new Loader(images, { batchSize: BATCH, imageSize, preprocessing });
  const inputs: ClassifierInput[] = [];
  try {
    for await (const batch of loader.epoch(0)) {
      const data = batch.images.slice(0, batch.count * 3 * imageSize ** 2);
      inputs.push({ data, shape: [batch.count, 3, imageSize, imageSize] });
    }
  } finally {
    await loader.close();
  }
  return { inputs, labels: images.labels };
}

async function compared(
  float: Uint8Array,
  int8: Uint8Array,
  { inputs, labels }: PreparedImages,
): Promise<Accuracies> {
  const [expected, found] = [await classesOf(float, inputs), await classesOf(int8, inputs)];
  const count = (isOne: (predicted: number, i: number) => boolean): number => found.filter(isOne).length;
  return {
    images: labels.length,
    same: count((predicted, i) => predicted === expected[i]),
    float: expected.filter((predicted, i) => predicted === labels[i]).length,
    int8: count((predicted, i) => predicted === labels[i]),
  };
}

/** The most probable class of each image. */
async function classesOf(model: Uint8Array, inputs: readonly ClassifierInput[]): Promise<number[]> {
  const session = await openOnnxModel(model);
  const classes: number[] = [];
  try {
    for (const { data, shape } of inputs) {
      const logits = await session.run(data, shape);
      const length = logits.length / shape[0]!;
      for (let n = 0; n < shape[0]!; n++) {
        const row = logits.subarray(n * length, (n + 1) * length);
        classes.push(row.indexOf(row.reduce((a, b) => Math.max(a, b))));
      }
    }
  } finally {
    await session.close();
  }
  return classes;
}
