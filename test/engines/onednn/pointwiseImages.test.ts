/** 1×1 convolutions of bf16 images by our own kernel beside sums in double precision, what fills up blocks too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { MachineCode } from '../../../src/engines/onednn/kernels/machineCode.js';
import {
  compilePointwiseImages,
  type PointwiseImages,
} from '../../../src/engines/onednn/kernels/pointwiseImages.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { onednnMissing } from '../../support/onednn.js';
import { Samples } from '../../support/samples.js';

const BLOCK = 16;
/** Of a number of bf16, relative; of sums in single precision, beside the sum of all sizes. */
const ROUNDING = { bf16: 2 ** -8, f32: 1e-6 };

/** One, two and more blocks, of both sides, an odd number of them, parts of images, tiles of two sizes, several images. */
const cases: readonly PointwiseImages[] = [
  { images: 1, pixels: 1, channels: 3, results: 5, hasBias: false },
  { images: 3, pixels: 49, channels: 40, results: 20, hasBias: true },
  { images: 2, pixels: 900, channels: 33, results: 16, hasBias: true },
  { images: 2, pixels: 300, channels: 16, results: 40, hasBias: false },
  { images: 5, pixels: 30, channels: 70, results: 110, hasBias: true },
];

const blocksOf = (channels: number): number => Math.ceil(channels / BLOCK);

/** A number of bf16 as its bits, and the bits' number. */
const toBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
const fromBits = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;

interface Operands {
  readonly src: Uint16Array;
  readonly weight: Uint16Array;
  readonly bias: Float32Array;
}

function operandsOf({ images, pixels, channels, results }: PointwiseImages): Operands {
  const samples = new Samples(`${images} ${pixels} ${channels} ${results}`);
  const [read, written] = [blocksOf(channels), blocksOf(results)];
  const channelOf = (i: number): number => (Math.floor(i / (pixels * BLOCK)) % read) * BLOCK + (i % BLOCK);
  const src = Uint16Array.from({ length: images * read * pixels * BLOCK }, (_, i) =>
    channelOf(i) < channels ? toBits(samples.uniform(-1, 1)) : 0,
  );
  const weight = new Uint16Array(written * read * BLOCK * BLOCK);
  for (let r = 0; r < results; r++)
    for (let c = 0; c < channels; c++) weight[weightAt(read, r, c)] = toBits(samples.uniform(-1, 1));
  const bias = Float32Array.from({ length: written * BLOCK }, (_, r) =>
    r < results ? samples.uniform(-1, 1) : 0,
  );
  return { src, weight, bias };
}

/** [blocks of r][blocks of c][pairs of c][r][2] */
function weightAt(read: number, r: number, c: number): number {
  const block = Math.floor(r / BLOCK) * read + Math.floor(c / BLOCK);
  const pair = Math.floor((c % BLOCK) / 2);
  return block * BLOCK * BLOCK + (pair * BLOCK + (r % BLOCK)) * 2 + (c % 2);
}

/** What the kernel writes into memory that held something else; undefined where it cannot run. */
function computed(
  source: PointwiseImages,
  { src, weight, bias }: Operands,
  threads: number,
): Uint16Array | undefined {
  const library = loadLibrary();
  const code = library.fastBf16 ? MachineCode.open(library, threads) : undefined;
  if (code === undefined) return undefined;
  const dst = new Uint16Array(source.images * blocksOf(source.results) * source.pixels * BLOCK).fill(0x4000);
  const address = (array: Uint16Array | Float32Array): number => Number(koffi.address(array.buffer));
  code.prepare(compilePointwiseImages(source), {
    src: address(src),
    dst: address(dst),
    bias: source.hasBias ? address(bias) : undefined,
    others: [address(weight)],
  })();
  code.close();
  return dst;
}

const missing = await onednnMissing();
for (const source of cases)
  test(JSON.stringify(source), { skip: missing }, (t) => {
    const operands = operandsOf(source);
    const found = computed(source, operands, 2);
    if (found === undefined) return t.skip('kernels of our own cannot run here, or not in bf16');
    assert.deepEqual(computed(source, operands, 1), found);
    const { images, pixels, channels, results, hasBias } = source;
    const [read, written] = [blocksOf(channels), blocksOf(results)];
    for (let image = 0; image < images; image++)
      for (let r = 0; r < written * BLOCK; r++)
        for (let pixel = 0; pixel < pixels; pixel++) {
          const at = (blocks: number, channel: number): number =>
            ((image * blocks + Math.floor(channel / BLOCK)) * pixels + pixel) * BLOCK + (channel % BLOCK);
          let total = hasBias ? operands.bias[r]! : 0;
          let size = Math.abs(total);
          for (let c = 0; c < channels; c++) {
            const product =
              fromBits(operands.src[at(read, c)]!) * fromBits(operands.weight[weightAt(read, r, c)]!);
            total += product;
            size += Math.abs(product);
          }
          const value = fromBits(found[at(written, r)]!);
          const error = Math.abs(value - total);
          if (r >= results) assert.equal(value, 0, `result ${r} fills up a block`);
          assert.ok(error <= ROUNDING.bf16 * Math.abs(total) + ROUNDING.f32 * size, `${value}, not ${total}`);
        }
  });
