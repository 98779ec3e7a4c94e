/** Copies of channels between images in blocks of 8 and 16: concatenations, slices and shuffles, which must keep every bit. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Block } from '../../../src/engines/onednn/dnnl.js';
import { fitsGather } from '../../../src/engines/onednn/kernels/gatherChannels.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { channelShuffle, concat, slice } from '../../../src/graph/ops/shape.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { onednnMissing } from '../../support/onednn.js';
import { IN_BF16, IN_F32, onBackend } from './fixtures/onBackend.js';

/** Images whose channels are whole numbers apart in every pixel, so that no two are alike. */
interface Case {
  readonly name: string;
  /** Channels of each input. */
  readonly channels: readonly number[];
  readonly make: (values: readonly [Tensor, ...Tensor[]]) => Tensor;
  /** Of each channel of the result: which input, and which of its channels. */
  readonly origins: readonly (readonly [input: number, channel: number])[];
}

const range = (input: number, start: number, end: number): [number, number][] =>
  Array.from({ length: end - start }, (_, i) => [input, start + i]);

const interleaved = (half: number): [number, number][] =>
  Array.from({ length: 2 * half }, (_, c) => [c % 2, c >> 1]);

const cases: readonly Case[] = [
  {
    name: 'channels that end within a block, joined',
    channels: [58, 3, 24],
    make: (values) => concat(values, 1),
    origins: [...range(0, 0, 58), ...range(1, 0, 3), ...range(2, 0, 24)],
  },
  {
    name: 'whole blocks, joined',
    channels: [32, 16],
    make: (values) => concat(values, 1),
    origins: [...range(0, 0, 32), ...range(1, 0, 16)],
  },
  {
    name: 'a slice across blocks',
    channels: [116],
    make: ([x]) => slice(x, 1, 58, 116),
    origins: range(0, 58, 116),
  },
  {
    name: 'a slice of a slice',
    channels: [116],
    make: ([x]) => slice(slice(x, 1, 7, 100), 1, 5, 50),
    origins: range(0, 12, 57),
  },
  {
    name: 'two halves, shuffled',
    channels: [58, 58],
    make: (values) => channelShuffle(concat(values, 1), 2),
    origins: interleaved(58),
  },
  {
    name: 'every second channel',
    channels: [116],
    make: ([x]) => slice(channelShuffle(x, 58), 1, 58, 116),
    origins: Array.from({ length: 58 }, (_, i) => [0, 2 * i + 1]),
  },
  {
    name: 'slices and every second channel, joined',
    channels: [40, 20],
    make: ([a, b]) => concat([slice(a, 1, 3, 30), slice(channelShuffle(b!, 10), 1, 0, 10), a], 1),
    origins: [
      ...range(0, 3, 30),
      ...Array.from({ length: 10 }, (_, i): [number, number] => [1, 2 * i]),
      ...range(0, 0, 40),
    ],
  },
];

const [IMAGES, HEIGHT, WIDTH] = [3, 3, 7] as const;
const PIXELS = HEIGHT * WIDTH;

/** What the engine computes in blocks of so many channels: the inputs, normalised, and the result. */
function computed(
  block: Block,
  precision: 'f32' | 'bf16',
  { channels, make }: Case,
): Record<string, Float32Array> | undefined {
  const library = loadLibrary();
  if (block > (library.block ?? 0)) return undefined;
  const graph = new Graph();
  // Normalisations leave their results in blocks.
  const values = channels.map((count, i) => {
    const x = graph.input(`x${i}`, [IMAGES, count, HEIGHT, WIDTH]);
    const ones = graph.constant(new Float32Array(count).fill(1), [count]);
    return batchNormTrain(x, ones, ones, 1e-5).y;
  });
  const shown = Object.fromEntries(values.map((value, i) => [`y${i}`, value]));
  const program = graph.program({ ...shown, result: make(values as [Tensor, ...Tensor[]]) });
  return onBackend({ ...library, block }, 2, (backend) => {
    if (!backend.description.includes('kernels of our own')) return undefined;
    const executable = backend.compile(program, precision === 'bf16' ? IN_BF16 : IN_F32);
    const inputs = Object.fromEntries(
      channels.map((count, i) => [
        `x${i}`,
        Float32Array.from({ length: IMAGES * count * PIXELS }, (_, k) => Math.sin(k * k + i)),
      ]),
    );
    const run = { seed: 0, step: 0 };
    const used = executable.profile(inputs, run).map(({ implementation }) => implementation);
    assert.equal(used.filter((name) => name === 'our kernel, gather channels').length, 1, used.join(', '));
    const found = executable.run(inputs, run) as Record<string, Float32Array>;
    executable.close();
    return found;
  });
}

const missing = await onednnMissing();
for (const [block, precision] of [
  [8, 'f32'],
  [16, 'f32'],
  [16, 'bf16'],
] as const)
  describe(`channels in blocks of ${block} in ${precision}`, { skip: missing }, () => {
    for (const each of cases)
      it(each.name, (t) => {
        const found = computed(block, precision, each);
        if (found === undefined) {
          t.skip('kernels of our own cannot run here');
          return;
        }
        const count = each.origins.length;
        const image = (value: Float32Array, channels: number, n: number, c: number): Float32Array =>
          value.subarray((n * channels + c) * PIXELS, (n * channels + c + 1) * PIXELS);
        assert.equal(found.result!.length, IMAGES * count * PIXELS);
        for (let n = 0; n < IMAGES; n++)
          each.origins.forEach(([input, channel], c) => {
            const expected = image(found[`y${input}`]!, each.channels[input]!, n, channel);
            assert.deepEqual(image(found.result!, count, n, c), expected, `image ${n}, channel ${c}`);
          });
      });
  });

describe('a copy of channels', () => {
  const of = (channels: readonly (readonly [number, number])[]): Parameters<typeof fitsGather>[0] => ({
    images: 1,
    pixels: 4,
    lanes: 8,
    format: 'f32',
    sources: [64],
    channels,
    streams: false,
  });

  it('takes each block from four others at the most', () => {
    assert.ok(fitsGather(of(Array.from({ length: 8 }, (_, i) => [0, 8 * (i % 4)]))));
    assert.ok(!fitsGather(of(Array.from({ length: 8 }, (_, i) => [0, 8 * (i % 5)]))));
  });
});
