/**
 * Depthwise convolutions by our own kernels, beside sums in double precision: with blocks of 8 channels as AVX2's code has them,
 * and of 16 where the processor has AVX512. In bf16 beside the same in f32.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DnnlLibrary, loadLibrary } from '../../../src/engines/onednn/library.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { mul } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { onednnMissing } from '../../support/onednn.js';
import { Samples } from '../../support/samples.js';
import { roundedToBf16 } from './fixtures/bf16.js';
import { IN_BF16, IN_F32, onBackend } from './fixtures/onBackend.js';

type Pair = readonly [number, number];

interface Case {
  /** [N,C,H,W] */
  readonly x: readonly [number, number, number, number];
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  readonly bias?: true;
}

const cases: readonly Case[] = [
  { x: [3, 20, 9, 14], kernel: [3, 3], padding: [1, 1], bias: true },
  { x: [2, 32, 40, 37], kernel: [3, 3], padding: [1, 1] },
  { x: [5, 7, 8, 8], kernel: [3, 3] },
  { x: [3, 20, 9, 14], kernel: [3, 3], padding: [1, 1], stride: [2, 2] },
  { x: [2, 24, 10, 19], kernel: [3, 3], padding: [1, 1], stride: [2, 2], bias: true },
  { x: [2, 20, 11, 8], kernel: [3, 3], padding: [0, 1], stride: [2, 1] },
  { x: [2, 20, 9, 9], kernel: [3, 3], padding: [2, 2], dilation: [2, 2] },
  { x: [2, 20, 12, 11], kernel: [3, 3], padding: [2, 3], dilation: [2, 3], stride: [2, 2] },
  { x: [3, 17, 28, 28], kernel: [5, 5], padding: [2, 2] },
  { x: [3, 40, 14, 13], kernel: [5, 5], padding: [2, 2], stride: [2, 2], bias: true },
  { x: [2, 20, 7, 7], kernel: [5, 5], padding: [2, 2] },
  { x: [2, 20, 3, 4], kernel: [5, 5], padding: [2, 2] },
  { x: [2, 20, 15, 15], kernel: [7, 7], padding: [3, 3], bias: true },
  { x: [2, 20, 14, 16], kernel: [7, 7], padding: [3, 3], stride: [2, 2] },
  { x: [2, 20, 9, 8], kernel: [5, 3], padding: [2, 0], bias: true },
  { x: [2, 20, 10, 11], kernel: [2, 4], padding: [1, 2], stride: [3, 4] },
  { x: [2, 20, 9, 9], kernel: [1, 1], stride: [2, 2], bias: true },
  { x: [1, 300, 4, 4], kernel: [3, 3], padding: [1, 1], bias: true },
  // So many blocks that a thread takes several at once.
  { x: [64, 96, 3, 4], kernel: [3, 3], padding: [1, 1], bias: true },
  { x: [33, 8, 2, 1], kernel: [3, 3], padding: [1, 1] },
];

type Results<Numbers = Float32Array> = Readonly<Record<'y' | 'dx' | 'dw' | 'db', Numbers>>;
type Inputs = Readonly<Record<'x' | 'weight' | 'bias' | 'r', Float32Array>>;

function heightOf(c: Case, axis: 0 | 1): number {
  const reach = (c.dilation?.[axis] ?? 1) * (c.kernel[axis] - 1) + 1;
  return Math.floor((c.x[2 + axis]! + 2 * (c.padding?.[axis] ?? 0) - reach) / (c.stride?.[axis] ?? 1)) + 1;
}

/** y with the bias, and the gradients of Σ y·r, in double precision. */
function exactly(c: Case, { x, weight, bias, r }: Inputs): Results<Float64Array> {
  const [n, channels, height, width] = c.x;
  const [kh, kw] = c.kernel;
  const [rows, columns] = [heightOf(c, 0), heightOf(c, 1)];
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = c;
  const [y, dx, dw, db] = [r, x, weight, bias].map(({ length }) => new Float64Array(length));
  for (let plane = 0; plane < n * channels; plane++)
    for (let oh = 0; oh < rows; oh++)
      for (let ow = 0; ow < columns; ow++) {
        const out = (plane * rows + oh) * columns + ow;
        y![out]! += bias[plane % channels]!;
        db![plane % channels]! += r[out]!;
        for (let i = 0; i < kh; i++)
          for (let j = 0; j < kw; j++) {
            const row = oh * stride[0] + i * dilation[0] - padding[0];
            const column = ow * stride[1] + j * dilation[1] - padding[1];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            const at = (plane * height + row) * width + column;
            const tap = ((plane % channels) * kh + i) * kw + j;
            y![out]! += x[at]! * weight[tap]!;
            dx![at]! += r[out]! * weight[tap]!;
            dw![tap]! += r[out]! * x[at]!;
          }
      }
  return { y: y!, dx: dx!, dw: dw!, db: db! };
}

/** How a convolution is computed. */
interface Setting {
  readonly library: DnnlLibrary;
  readonly threads: number;
  /** Default f32. */
  readonly precision?: 'f32' | 'bf16';
}

/** The same on the engine. */
function computed(
  { library, threads, precision = 'f32' }: Setting,
  c: Case,
  inputs: Inputs,
): [Results, string[]] {
  const [, channels] = c.x;
  const graph = new Graph();
  const x = graph.input('x', c.x);
  const weight = graph.input('weight', [channels, 1, ...c.kernel]);
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = c;
  const bias = graph.input('bias', [channels]);
  const y = conv2d(x, weight, c.bias && bias, { stride, padding, dilation, groups: channels });
  const r = graph.input('r', y.shape);
  const [dx, dw, db] = gradients(sum(mul(y, r)), [x, weight, ...(c.bias ? [bias] : [])]);
  const program = graph.program({ y, dx: dx!, dw: dw!, ...(db && { db }) });
  return onBackend(library, threads, (backend) => {
    const executable = backend.compile(program, precision === 'f32' ? IN_F32 : IN_BF16);
    // The second run finds memory that the first has used.
    executable.run(inputs, { seed: 0, step: 0 });
    const found = executable.run(inputs, { seed: 0, step: 0 });
    const copies = Object.entries(found).map(([name, values]) => [name, Float32Array.from(values)] as const);
    executable.close();
    return [Object.fromEntries(copies) as Results, Object.values(backend.choices())];
  });
}

function inputsOf(c: Case): Inputs {
  const [n, channels] = c.x;
  const samples = new Samples(JSON.stringify(c));
  return {
    x: Float32Array.from(samples.floats(c.x)),
    weight: Float32Array.from(samples.floats([channels, 1, ...c.kernel])),
    bias: Float32Array.from({ length: channels }, () => (c.bias ? samples.uniform(-1, 1) : 0)),
    r: Float32Array.from(samples.floats([n, channels, heightOf(c, 0), heightOf(c, 1)])),
  };
}

/** The largest error beside the largest number. */
function errorOf(found: Float32Array, exact: Float64Array): number {
  assert.equal(found.length, exact.length);
  let [largest, error] = [0, 0];
  exact.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    error = Math.max(error, Math.abs(value - found[i]!));
  });
  assert.ok(largest > 0);
  return error / largest;
}

const missing = await onednnMissing();
for (const block of [8, 16] as const)
  for (const c of cases)
    test(`blocks of ${block}: ${JSON.stringify(c)}`, { skip: missing }, (t) => {
      const library = loadLibrary();
      if (block === 16 && !library.instructionSet.startsWith('AVX512')) return t.skip('no AVX512');
      const inputs = inputsOf(c);
      const using = { ...library, block };
      const [found, ways] = computed({ library: using, threads: 2 }, c, inputs);
      if (!ways.includes('own depthwise f32')) return t.skip('kernels of our own cannot run here');
      assert.deepEqual([...new Set(ways)], ['own depthwise f32']);
      const exact = exactly(c, inputs);
      for (const name of ['y', 'dx', 'dw', ...(c.bias ? (['db'] as const) : [])] as const) {
        const error = errorOf(found[name], exact[name]);
        assert.ok(error < 1e-6, `${name} is off by ${error}`);
      }
      const [alone] = computed({ library: using, threads: 1 }, c, inputs);
      assert.deepEqual(alone, found, 'results depend on the number of threads');
    });

for (const rounding of ['the processor', 'integers'])
  for (const c of cases)
    test(`bf16, rounded by ${rounding}: ${JSON.stringify(c)}`, { skip: missing }, (t) => {
      const library = loadLibrary();
      if (rounding === 'the processor' && !library.fastBf16) return t.skip('no AVX512-BF16');
      if (library.block !== 16) return t.skip('no AVX512');
      const { weight, bias, ...images } = inputsOf(c);
      const inputs = { weight, bias, x: roundedToBf16(images.x), r: roundedToBf16(images.r) };
      const using = { ...library, fastBf16: rounding === 'the processor' };
      const [found, ways] = computed({ library: using, threads: 2, precision: 'bf16' }, c, inputs);
      if (!ways.includes('own depthwise bf16')) return t.skip('kernels of our own cannot run here');
      assert.deepEqual([...new Set(ways)], ['own depthwise bf16']);
      // The arithmetic is that of f32, so that only the images' numbers are rounded, once each.
      const [{ y, dx, ...gradients }] = computed({ library, threads: 1 }, c, inputs);
      assert.deepEqual(found, { y: roundedToBf16(y), dx: roundedToBf16(dx), ...gradients });
      const [alone] = computed({ library: using, threads: 1, precision: 'bf16' }, c, inputs);
      assert.deepEqual(alone, found, 'results depend on the number of threads');
    });
