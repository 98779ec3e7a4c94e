import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Precision } from '../../../src/engines/engine.js';
import { startThreadEngine } from '../../../src/engines/host/threadEngine.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { add, clamp } from '../../../src/graph/ops/elementwise.js';
import { sum, variance } from '../../../src/graph/ops/reduce.js';
import type { Program } from '../../../src/graph/program.js';
import type { TensorData } from '../../../src/graph/tensorType.js';
import { withoutEmulator } from './emulator/device.js';

const MODULE = new URL('./fixtures/emulatedBackend.js', import.meta.url);
const SHAPE = [2, 16, 4, 4];
const COUNT = 2 * 16 * 4 * 4;

async function results(
  program: Program,
  inputs: Readonly<Record<string, Float32Array>>,
  precision: Precision = 'f32',
): Promise<Readonly<Record<string, TensorData>>> {
  const engine = await startThreadEngine(
    { name: 'emulated CUDA', module: MODULE },
    { threads: 1, precision, choices: {} },
  );
  try {
    const executable = await engine.compile(program, {});
    return await executable.run(inputs);
  } finally {
    await engine.close();
  }
}

function statistics(): Program {
  const graph = new Graph();
  const x = graph.input('x', SHAPE);
  const [gamma, beta] = [
    graph.constant(new Float32Array(16).fill(1), [16]),
    graph.constant(new Float32Array(16), [16]),
  ];
  const norm = batchNormTrain(x, gamma, beta, 1e-5);
  return graph.program({ spread: variance(x, [1, 2, 3]), of: norm.variance });
}

function sumClamped(): Program {
  const graph = new Graph();
  const [a, b] = [graph.input('a', SHAPE), graph.input('b', SHAPE)];
  const y = clamp(add(a, b), -0.7, 0.7);
  return graph.program({ y, da: gradients(sum(y), [a])[0]! });
}

describe('numbers at the edges of their types', { skip: withoutEmulator() }, () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e25])
    test(`a variance with ${bad} among its numbers is not 0`, async () => {
      const x = Float32Array.from({ length: COUNT }, (_, index) => (index === 5 ? bad : index % 7));
      const { spread, of } = await results(statistics(), { x });
      assert.ok(!Number.isFinite(spread![0]), `of the image: ${spread![0]}`);
      assert.ok(!Number.isFinite(of![0]), `of the channel: ${of![0]}`);
      assert.ok(Number.isFinite(spread![1]) && Number.isFinite(of![1]));
    });

  for (const precision of ['f32', 'bf16'] as const)
    test(`numbers beyond a bound have the gradient 0 in ${precision}, whose bound may be rounded`, async () => {
      const fill = (value: number): Float32Array => new Float32Array(COUNT).fill(value);
      const beyond = await results(sumClamped(), { a: fill(1), b: fill(1) }, precision);
      assert.ok(
        [...beyond.da!].every((each) => each === 0),
        `${beyond.da![0]} at ${beyond.y![0]}`,
      );
      const within = await results(sumClamped(), { a: fill(0.25), b: fill(0.25) }, precision);
      assert.ok(
        [...within.da!].every((each) => each === 1),
        `${within.da![0]} at ${within.y![0]}`,
      );
    });
});
