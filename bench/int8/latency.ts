import { openOnnxModel } from '../../src/engines/onnx/node/openModel.js';
import type { ClassifierInput } from '../../src/formats/onnx/classifierInput.js';
import { median, speedRatio } from '../statistics.js';
import type { Latency } from './table.js';

const WARM_UP = 3;
/** Runs of a model in a round. */
const RUNS = 10;

/** Milliseconds of one image in ONNX Runtime, of a float model and of its int8 model, which take turns. */
export async function latencyOf(
  models: { readonly float: Uint8Array; readonly int8: Uint8Array },
  { data, shape }: ClassifierInput,
  { threads, rounds }: { readonly threads: number; readonly rounds: number },
): Promise<Latency> {
  const one = [1, ...shape.slice(1)];
  const image = data.slice(0, data.length / shape[0]!);
  const float = await openOnnxModel(models.float, { threads });
  const int8 = await openOnnxModel(models.int8, { threads });
  const runs = async ({ run }: typeof float, count: number): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const begin = performance.now();
      await run(image, one);
      times.push(performance.now() - begin);
    }
    return times;
  };
  try {
    for (const each of [float, int8]) await runs(each, WARM_UP);
    const times: { float: number[][]; int8: number[][] } = { float: [], int8: [] };
    for (let round = 0; round < rounds; round++) {
      times.float.push(await runs(float, RUNS));
      times.int8.push(await runs(int8, RUNS));
    }
    const ratio = speedRatio(times.int8, times.float);
    return { threads, float: median(times.float.map(median)), int8: median(times.int8.map(median)), ratio };
  } finally {
    await int8.close();
    await float.close();
  }
}
