/**
 * Batch normalisation by our own kernels in blocks of 8 and 16 channels, forward and backward, of numbers far from zero, beside double
 * precision.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Block } from '../../../src/engines/onednn/dnnl.js';
import { divisionOf } from '../../../src/engines/onednn/kernels/blockedImages.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { mul, relu } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import type { Program } from '../../../src/graph/program.js';
import { sizeOf } from '../../../src/graph/tensorType.js';
import { onednnMissing } from '../../support/onednn.js';
import { roundedToBf16 } from './fixtures/bf16.js';
import { IN_BF16, IN_F32, onBackend } from './fixtures/onBackend.js';

const EPSILON = 1e-5;
/** Of sums and of numbers of single precision. */
const ROUNDING = 2e-7;

describe('units of work', () => {
  it('divide images and blocks, and are enough for many threads where there are images', () => {
    const divided = (images: number, channels: number): readonly [number, number] => {
      const { parts, groups } = divisionOf({ images, channels, pixels: 9, lanes: 16, format: 'f32' });
      return [parts, groups];
    };
    assert.deepEqual(
      [divided(64, 58), divided(30, 58), divided(48, 24), divided(7, 300), divided(1, 1)],
      [
        [32, 1],
        [30, 2],
        [48, 1],
        [7, 19],
        [1, 1],
      ],
    );
  });
});

/** More numbers than are all compared. */
const MANY = 1e6;

type Images = readonly [images: number, channels: number, height: number, width: number];
type Numbers = Readonly<Record<'x' | 'gamma' | 'beta' | 'dy', Float32Array>>;
type Results = Readonly<Record<'y' | 'mean' | 'variance' | 'dx' | 'dgamma' | 'dbeta', Float32Array>>;

/** γ of 0 and below, and channels that the ReLU makes 0 throughout. */
function numbersOf(shape: Images): Numbers {
  const [, channels] = shape;
  const of = (length: number, value: (i: number) => number): Float32Array =>
    Float32Array.from({ length }, (_, i) => value(i));
  const noise = (i: number): number => Math.sin(i * i + 0.5 * i);
  return {
    x: of(sizeOf(shape), (i) => 20 + 3 * noise(i)),
    gamma: of(channels, (c) => (c % 5 === 3 ? 0 : noise(c + 7) + 0.2)),
    beta: of(channels, (c) => (c % 7 === 4 ? -9 : 0.3 * noise(c + 3))),
    dy: of(sizeOf(shape), (i) => 1 + noise(i + 11)),
  };
}

function program(shape: Images, isActivated: boolean): Program {
  const graph = new Graph();
  const x = graph.input('x', shape);
  const gamma = graph.input('gamma', [shape[1]]);
  const beta = graph.input('beta', [shape[1]]);
  const { y, mean, variance } = batchNormTrain(x, gamma, beta, EPSILON);
  const result = isActivated ? relu(y) : y;
  const loss = sum(mul(result, graph.input('dy', shape)));
  const [dx, dgamma, dbeta] = gradients(loss, [x, gamma, beta]);
  return graph.program({ y: result, mean, variance, dx: dx!, dgamma: dgamma!, dbeta: dbeta! });
}

/** What the kernels work with besides the numbers. */
interface Setting {
  readonly block: Block;
  /** Default f32. */
  readonly precision?: 'f32' | 'bf16';
  /** Of the processor; default is what it has. */
  readonly fastBf16?: boolean;
  /** Default 2. */
  readonly threads?: number;
}

/** What the engine computes; undefined where the processor has no such kernels. */
function computed(
  { block, precision = 'f32', fastBf16, threads = 2 }: Setting,
  numbers: Numbers,
  shape: Images,
  isActivated: boolean,
): Results | undefined {
  const library = loadLibrary();
  if (block > (library.block ?? 0)) return undefined;
  const used = { ...library, block, fastBf16: fastBf16 ?? library.fastBf16 };
  return onBackend(used, threads, (backend) => {
    if (!backend.description.includes('kernels of our own')) return undefined;
    const options = precision === 'bf16' ? IN_BF16 : IN_F32;
    const executable = backend.compile(program(shape, isActivated), options);
    const run = { seed: 0, step: 0 };
    const operations = executable.profile(numbers, run).map(({ implementation }) => implementation);
    for (const name of ['normalise', 'normalisation’s gradient'])
      assert.ok(operations.includes(`our kernel, ${name}`), `${name} in ${operations.join(', ')}`);
    const found = executable.run(numbers, run) as Record<keyof Results, Float32Array>;
    executable.close();
    return found;
  });
}

/** Adds up a function of a channel's places. */
function total(places: readonly number[], value: (place: number) => number): number {
  return places.reduce((sum, place) => sum + value(place), 0);
}

interface Comparison {
  readonly found: Results;
  readonly numbers: Numbers;
  readonly isActivated: boolean;
  /** Of the channel's numbers. */
  readonly places: readonly number[];
  readonly channel: number;
}

/** Compares a channel; where the ReLU is 0 is taken from the result that was found, so that both passes must agree. */
function compareChannel({ found, numbers, isActivated, places, channel }: Comparison): void {
  const { x, gamma, beta, dy } = numbers;
  const count = places.length;
  const [scale, shift] = [gamma[channel]!, beta[channel]!];
  const mean = total(places, (i) => x[i]!) / count;
  const variance = total(places, (i) => (x[i]! - mean) ** 2) / count;
  const deviation = Math.sqrt(variance + EPSILON);
  const near = (what: string, value: number, expected: number, limit: number): void =>
    assert.ok(
      Math.abs(value - expected) <= limit,
      `${what} of channel ${channel}: ${value}, not ${expected}`,
    );
  near('mean', found.mean[channel]!, mean, ROUNDING * mean);
  near('variance', found.variance[channel]!, variance, 3e-6 * Math.max(1, variance));
  const normal = (i: number): number => (x[i]! - mean) / deviation;
  const gradient = (i: number): number => (isActivated && found.y[i] === 0 ? 0 : dy[i]!);
  const dbeta = total(places, gradient);
  const dgamma = total(places, (i) => gradient(i) * normal(i));
  // The mean's rounding, by which all distances to it are off.
  const shared = (ROUNDING * mean) / deviation;
  const size = total(places, (i) => Math.abs(gradient(i)));
  near('dβ', found.dbeta[channel]!, dbeta, 2 * ROUNDING * size);
  near('dγ', found.dgamma[channel]!, dgamma, (shared + 2 * ROUNDING) * size);
  const factor = Math.abs(scale) / deviation;
  for (const i of places) {
    const y = scale * normal(i) + shift;
    near('y', found.y[i]!, isActivated ? Math.max(0, y) : y, Math.abs(scale) * (shared + 5e-7) + 1e-6);
    const dx = (scale / deviation) * (gradient(i) - dbeta / count - (normal(i) * dgamma) / count);
    near('dx', found.dx[i]!, dx, 4 * factor * (shared + ROUNDING) * (Math.abs(normal(i)) + 1));
  }
}

const missing = await onednnMissing();

// Blocks that channels do not fill, pixels that no vector or segment of sums divides, one image, images of one pixel, results that no cache holds.
const shapes: readonly Images[] = [
  [1, 3, 1, 1],
  [5, 20, 1, 1],
  [2, 16, 3, 1],
  [6, 40, 5, 7],
  [7, 24, 23, 23],
  [4, 300, 2, 2],
  [3, 8, 33, 65],
  [64, 58, 4, 4],
  [32, 17, 100, 84],
];
for (const block of [8, 16] as const)
  describe(`batch normalisation in blocks of ${block}`, { skip: missing }, () => {
    for (const shape of shapes)
      for (const isActivated of sizeOf(shape) > MANY ? [true] : [false, true])
        it(`${shape.join('×')}${isActivated ? ', then a ReLU' : ''}`, (t) => {
          const numbers = numbersOf(shape);
          const found = computed({ block }, numbers, shape, isActivated);
          if (found === undefined) {
            t.skip('kernels of our own cannot run here');
            return;
          }
          const [images, channels, height, width] = shape;
          const pixels = height * width;
          // Of many numbers some channels, the last one among them.
          const step = sizeOf(shape) > MANY ? 8 : 1;
          for (let channel = 0; channel < channels; channel += step) {
            const places = Array.from({ length: images * pixels }, (_, i) => {
              const image = Math.floor(i / pixels);
              return (image * channels + channel) * pixels + (i % pixels);
            });
            compareChannel({ found, numbers, isActivated, places, channel });
          }
        });
  });

function sameBits(found: Results, expected: Results): void {
  for (const name of Object.keys(expected) as (keyof Results)[]) {
    const [a, b] = [found[name], expected[name]].map((numbers) => new Uint8Array(numbers.buffer));
    assert.equal(Buffer.compare(a!, b!), 0, name);
  }
}

describe('batch normalisation in bf16', { skip: missing }, () => {
  for (const rounding of missing === false && loadLibrary().fastBf16
    ? ['the processor', 'integers']
    : ['integers'])
    for (const shape of shapes)
      for (const isActivated of sizeOf(shape) > MANY ? [true] : [false, true])
        it(`${shape.join('×')}${isActivated ? ', then a ReLU' : ''}, rounded by ${rounding}`, (t) => {
          const { gamma, beta, ...images } = numbersOf(shape);
          const [x, dy] = [roundedToBf16(images.x), roundedToBf16(images.dy)];
          const numbers = { gamma, beta, x, dy };
          const inF32 = computed({ block: 16 }, numbers, shape, isActivated);
          const setting = { block: 16, precision: 'bf16', fastBf16: rounding === 'the processor' } as const;
          const found = computed({ ...setting, threads: 1 }, numbers, shape, isActivated);
          if (inF32 === undefined || found === undefined) {
            t.skip('kernels of our own cannot run here');
            return;
          }
          // The arithmetic is that of f32, so that only the images' numbers are rounded, once each.
          const expected = { ...inF32, y: roundedToBf16(inF32.y), dx: roundedToBf16(inF32.dx) };
          sameBits(found, expected);
          sameBits(computed({ ...setting, threads: 2 }, numbers, shape, isActivated)!, found);
        });
});
