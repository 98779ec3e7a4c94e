import type { ClassifierInput } from '../../../../formats/onnx/classifierInput.js';
import { extremesOf, withExtremes } from '../../../../formats/onnx/int8/extremes.js';
import type { OnnxGraph } from '../../../../formats/onnx/int8/onnxGraph.js';
import { usefulRange } from '../../../../formats/onnx/int8/plan.js';
import type { ValueRange } from '../../../../formats/onnx/int8/rounding.js';
import { openOnnxModel } from '../openModel.js';

/** How the ranges of values are found from their extremes in each image: the extremes of all, or their mean. */
export type RangeRule = 'widest' | 'mean';

/** Ranges by value, by each rule, and the float model's logits of all images. */
export interface Calibration {
  readonly ranges: Readonly<Record<RangeRule, ReadonlyMap<string, ValueRange>>>;
  readonly logits: Float32Array;
}

/** Runs a float model on images and finds the ranges of some of its values. */
export async function calibrate(
  graph: OnnxGraph,
  values: readonly string[],
  inputs: readonly ClassifierInput[],
  threads?: number,
): Promise<Calibration> {
  const session = await openOnnxModel(withExtremes(graph, values), { threads });
  const names = values.flatMap(extremesOf);
  const found = values.map((): [number[], number[]] => [[], []]);
  const logits: Float32Array[] = [];
  try {
    for (const { data, shape } of inputs) {
      const [own, ...extremes] = await session.outputs(data, shape, ['logits', ...names]);
      logits.push(own!);
      found.forEach(([low, high], i) => {
        low.push(...extremes[2 * i]!);
        high.push(...extremes[2 * i + 1]!);
      });
    }
  } finally {
    await session.close();
  }
  const rangesBy = (least: (all: number[]) => number, most: (all: number[]) => number) =>
    new Map(
      values.map((value, i): [string, ValueRange] => {
        const [low, high] = usefulRange(graph, value);
        return [value, { low: Math.max(low, least(found[i]![0])), high: Math.min(high, most(found[i]![1])) }];
      }),
    );
  const ranges = {
    widest: rangesBy(
      (all) => all.reduce((a, b) => Math.min(a, b)),
      (all) => all.reduce((a, b) => Math.max(a, b)),
    ),
    mean: rangesBy(mean, mean),
  };
  return { ranges, logits: joined(logits) };
}

function mean(all: readonly number[]): number {
  return all.reduce((a, b) => a + b, 0) / all.length;
}

/** Arrays one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let next = 0;
  for (const part of parts) {
    all.set(part, next);
    next += part.length;
  }
  return all;
}
