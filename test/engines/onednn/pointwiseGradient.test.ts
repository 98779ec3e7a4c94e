/** Weight gradients of 1×1 convolutions by our own kernels beside sums in double precision, and on one thread beside two. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import { type PointwiseGradient, partsOf } from '../../../src/engines/onednn/kernels/pointwiseShape.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { mul } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import type { Program } from '../../../src/graph/program.js';
import { onednnMissing } from '../../support/onednn.js';
import { Samples } from '../../support/samples.js';

describe('parts', () => {
  it('divide the images, and are as many as give many threads something to do', () => {
    const parts = (images: number, inputs: number, outputs: number): number =>
      partsOf({
        type: 'f32',
        images,
        inputs,
        outputs,
        pixels: 64,
        hasBias: false,
      } satisfies PointwiseGradient);
    assert.deepEqual(
      [parts(64, 58, 58), parts(30, 58, 58), parts(64, 464, 1024), parts(7, 16, 16), parts(1, 16, 16)],
      [8, 10, 1, 7, 1],
    );
    assert.equal(parts(17, 16, 16), 1);
  });
});

interface Case {
  readonly images: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
  readonly hasBias: boolean;
}

/**
 * Channels that fill no blocks, columns of one, two and three vectors and of both widths, several groups of outputs, images that are
 * summed together, and those that are divided, evenly and not.
 */
const cases: readonly Case[] = [
  { images: 2, inputs: 58, outputs: 58, height: 5, width: 4, hasBias: true },
  { images: 5, inputs: 3, outputs: 7, height: 3, width: 3, hasBias: true },
  { images: 1, inputs: 16, outputs: 16, height: 1, width: 1, hasBias: true },
  { images: 6, inputs: 70, outputs: 33, height: 1, width: 7, hasBias: false },
  { images: 7, inputs: 100, outputs: 130, height: 17, width: 13, hasBias: true },
  { images: 4, inputs: 160, outputs: 300, height: 2, width: 2, hasBias: false },
  { images: 2, inputs: 33, outputs: 17, height: 31, width: 37, hasBias: true },
  { images: 16, inputs: 464, outputs: 520, height: 2, width: 2, hasBias: true },
  { images: 3, inputs: 49, outputs: 20, height: 11, width: 11, hasBias: true },
];

function programOf({ images, inputs, outputs, height, width, hasBias }: Case): Program {
  const graph = new Graph();
  const x = graph.input('x', [images, inputs, height, width]);
  const weight = graph.input('weight', [outputs, inputs, 1, 1]);
  const bias = hasBias ? graph.input('bias', [outputs]) : undefined;
  const y = conv2d(x, weight, bias);
  const [dw, db] = gradients(sum(mul(y, graph.input('dy', y.shape))), [weight, ...(bias ? [bias] : [])]);
  return graph.program({ dw: dw!, ...(db && { db }) });
}

/** dW[o][i] or, of a further input of ones, db[o], and Σ |products|, in double precision. */
function expected(one: Case, x: Float32Array, dy: Float32Array, o: number, i: number): [number, number] {
  const { images, inputs, outputs, height, width } = one;
  const pixels = height * width;
  let [total, size] = [0, 0];
  for (let image = 0; image < images; image++)
    for (let pixel = 0; pixel < pixels; pixel++) {
      const factor = i === inputs ? 1 : x[(image * inputs + i) * pixels + pixel]!;
      const product = factor * dy[(image * outputs + o) * pixels + pixel]!;
      total += product;
      size += Math.abs(product);
    }
  return [total, size];
}

async function computed(
  program: Program,
  inputs: Record<string, Float32Array>,
  { threads, precision }: { readonly threads: number; readonly precision: 'f32' | 'bf16' },
): Promise<{ readonly ways: readonly string[]; readonly results: Record<string, Float32Array> }> {
  const engine = await createEngine('onednn', { threads, precision });
  const executable = await engine.compile(program);
  const copies = (): Record<string, Float32Array> =>
    Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.slice()]));
  // The second run finds memory that the first has used.
  await executable.run(copies());
  const results = (await executable.run(copies())) as Record<string, Float32Array>;
  const ways = Object.values((await engine.choices?.()) ?? {});
  await engine.close();
  return { ways, results };
}

const skip = await onednnMissing();

/** Numbers that are the same in bf16. */
function exactInBf16(values: Float64Array): Float32Array {
  const numbers = Float32Array.from(values);
  const bits = new Uint32Array(numbers.buffer);
  bits.forEach((number, i) => {
    bits[i] = number & 0xffff0000;
  });
  return numbers;
}

for (const precision of ['f32', 'bf16'] as const)
  describe(`weight gradients of 1×1 convolutions in ${precision}`, { skip }, () => {
    for (const one of cases) {
      const { images, inputs, outputs, height, width, hasBias } = one;
      const name = `${inputs} to ${outputs} channels, ${images} images of ${height}×${width}`;
      it(`${name}${hasBias ? ', with a bias' : ''}`, async (t) => {
        const { block, fastBf16 } = loadLibrary();
        if (precision === 'f32' ? block !== 16 : !fastBf16) {
          t.skip('the kernel needs AVX512, in bf16 AVX512-BF16');
          return;
        }
        const program = programOf(one);
        const samples = new Samples(name);
        const x = exactInBf16(samples.floats([images, inputs, height, width]));
        const dy = exactInBf16(samples.floats([images, outputs, height, width]));
        const weight = new Float32Array(outputs * inputs);
        const given = { x, weight, dy, ...(hasBias && { bias: new Float32Array(outputs) }) };
        const { ways, results } = await computed(program, given, { threads: 2, precision });
        if (!ways.includes(`own pointwise ${precision}`)) {
          t.skip('kernels of our own cannot run here');
          return;
        }
        assert.deepEqual((await computed(program, given, { threads: 1, precision })).results, results);
        const { dw, db } = results;
        assert.equal(dw!.length, outputs * inputs);
        for (let o = 0; o < outputs; o++)
          for (let i = 0; i < inputs + (hasBias ? 1 : 0); i++) {
            const found = i === inputs ? db![o]! : dw![o * inputs + i]!;
            const [total, size] = expected(one, x, dy, o, i);
            assert.ok(Math.abs(found - total) <= 1e-6 * size, `${o}, ${i}: ${found}, not ${total}`);
          }
      });
    }
  });
