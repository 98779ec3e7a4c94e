import type { Reduction } from '../accumulator.js';
import { type Along, addTerms, beginSums, channelIndex, endSums, sharedFloats } from '../along.js';
import { Emitter } from '../emitter.js';
import { buffersOf, type Expression, fromStored } from '../expression.js';
import { Index } from '../index.js';
import { namePlaces } from '../joins.js';
import { type KernelBody, THREADS } from '../pointwise.js';
import type { Stored } from '../stored.js';
import {
  fillPanel,
  type Panel,
  type PanelSource,
  pitchOf,
  pixelIndex,
  pixelRows,
  pixelsOf,
  sizeOfPanel,
} from './panel.js';
import { eachPairText, placesText, sumsText, type Tiling, tallTiling } from './tiling.js';

/** A convolution of single pixels, or its gradient toward the image: every pixel's channels times a matrix. */
export interface ImageProduct {
  /** [N,K,H,W], computed where it is read. */
  readonly image: Expression;
  /** In bf16: [C,K,1,1], or [K,C,1,1] if it is transposed. */
  readonly filter: Stored;
  readonly isTransposed: boolean;
  /** f32 [C], added to each pixel. */
  readonly bias?: Stored | undefined;
  /** bf16 [N,C,H,W] */
  readonly result: Stored;
  /** Neighbouring channels of the image, of the filter's rows and of the result that a thread has to do with at once. */
  readonly lanes: { readonly image: number; readonly filter: number; readonly result: number };
}

/** Names of the kernel's parts that belong together. */
interface Parts {
  readonly left: Panel;
  readonly right: Panel;
  /** The results of a tile, in the same memory. */
  readonly staged: Panel;
  readonly across: number;
  readonly along: number;
  readonly tiles: number;
  readonly chunks: number;
  readonly keptUnits: number;
  readonly pixels: number;
}

/**
 * Code of a product whose terms are computed where they are needed, and whose results are added up beside, if that is asked for. A block
 * goes through tiles of pixels, one after the other.
 *
 * @throws NotHeld where the reduction reads results of other blocks
 */
export function imageProduct(spec: ImageProduct, processors: number, beside?: Along): KernelBody {
  const { image, result, lanes } = spec;
  const channels = result.shape[1]!;
  const pixels = pixelsOf(result.shape);
  const tiling = tallTiling(pixels, channels, image.shape[1]!, processors);
  const parts = partsOf(spec, tiling, tiling.chunks);
  const at = new Emitter(1);
  const { left, right, staged } = parts;
  const sums = beside ? sharedFloats(beside.reduction, lanes.result, parts) : 0;
  const size = Math.max(sizeOfPanel(left) + sizeOfPanel(right), sizeOfPanel(staged), 2 * sums);
  at.line(`__shared__ __align__(16) bf16 panels[${size}];`);
  namePlaces(at, parts);
  for (const line of placesText(tiling)) at.line(line);
  const writes = [result.buffer];
  at.nested(lanes.result, (outer) => {
    const channel = channelIndex(outer, result.shape);
    if (beside) beginSums(outer, beside.reduction);
    const groups = Math.ceil(pixels / tiling.rows);
    outer.block(`for (int group = chunk; group < ${groups}; group += ${parts.chunks})`, () => {
      outer.line(`const int pixel0 = group * ${tiling.rows};`);
      outer.nested(1, (inner) => {
        multiply(inner, spec, tiling, parts);
        stage(inner, spec, tiling, parts);
      });
      outer.line('__syncthreads();');
      finish(outer, spec, parts, channel, beside?.reduction);
      outer.line('__syncthreads();');
    });
    if (!beside) return;
    outer.line('float* shared = (float*)panels;');
    writes.push(...endSums(outer, beside, { ...parts, channel }));
  });
  const others = beside?.reduction.reads ?? [];
  const reads = [image, fromStored(spec.filter), ...(spec.bias ? [fromStored(spec.bias)] : []), ...others];
  return {
    text: at.text,
    buffers: at.buffers,
    reads: buffersOf(reads).filter((buffer) => buffer !== result.buffer),
    writes,
    blocks: parts.tiles * parts.chunks,
    threads: THREADS,
    residents: tiling.residents,
  };
}

function partsOf({ result, isTransposed, lanes }: ImageProduct, tiling: Tiling, chunks: number): Parts {
  const { rows, columns, depth } = tiling;
  const channels = result.shape[1]!;
  const left: Panel = { name: 'panels', rows, columns: depth };
  const right: Panel = {
    name: `(panels + ${sizeOfPanel(left)})`,
    ...(isTransposed ? { rows: depth, columns } : { rows: columns, columns: depth }),
  };
  const across = columns / lanes.result;
  return {
    left,
    right,
    staged: { name: 'panels', rows, columns },
    across,
    along: THREADS / across,
    tiles: Math.ceil(channels / columns),
    chunks,
    keptUnits: channels / lanes.result,
    pixels: pixelsOf(result.shape),
  };
}

/** The sums of a warp, over all terms. */
function multiply(
  at: Emitter,
  { image, filter, isTransposed, lanes }: ImageProduct,
  tiling: Tiling,
  { left, right }: Parts,
): void {
  const terms = image.shape[1]!;
  const [rows, columns] = filter.shape as readonly [number, number];
  const weights: PanelSource = {
    expression: fromStored(filter),
    ...{ rows, columns, lanes: lanes.filter },
    index: (_, row, column) => [Index.counter(row, rows), column, Index.zero, Index.zero],
  };
  at.line(`const int channel0 = tile * ${tiling.columns};`);
  for (const line of sumsText(tiling)) at.line(line);
  at.block(`for (int depth = 0; depth < ${terms}; depth += ${tiling.depth})`, () => {
    fillPanel(at, pixelRows(image, lanes.image), left, { row: 'pixel0', column: 'depth' });
    fillPanel(
      at,
      weights,
      right,
      isTransposed ? { row: 'depth', column: 'channel0' } : { row: 'channel0', column: 'depth' },
    );
    at.line('__syncthreads();');
    const begin = isTransposed ? 'warpColumn' : `warpColumn * ${pitchOf(right)}`;
    at.line(
      `multiplyTiles<${tiling.depth}, false, ${isTransposed}>(sums, ${left.name} + warpRow * ${pitchOf(left)}, ` +
        `${pitchOf(left)}, ${right.name} + ${begin}, ${pitchOf(right)});`,
    );
    at.line('__syncthreads();');
  });
}

/** Leaves a tile's results in shared memory, as they are stored. */
function stage(at: Emitter, { bias, result }: ImageProduct, tiling: Tiling, { staged }: Parts): void {
  const channels = result.shape[1]!;
  const lines: string[] = [];
  if (bias) {
    const at0 = `${at.pointer(bias.buffer, 'f32')} + ${bias.offset}`;
    const added = (offset: number): string =>
      `(channel0 + column + ${offset} < ${channels} ? (${at0})[channel0 + column + ${offset}] : 0.0f)`;
    lines.push(`x += ${added(0)}; y += ${added(1)};`);
  }
  lines.push(`*(u32*)(${staged.name} + row * ${pitchOf(staged)} + column) = packBf16(x, y);`);
  for (const line of eachPairText(tiling, lines.join(' '))) at.line(line);
}

/** Writes the results of a tile, and adds up what is added up of them. */
function finish(
  at: Emitter,
  { result }: ImageProduct,
  { staged, along, pixels }: Parts,
  channel: Index,
  reduction: Reduction | undefined,
): void {
  const { lanes } = at;
  at.line('#pragma unroll 4');
  at.block(`for (int step = 0; step < ${staged.rows / along}; ++step)`, () => {
    at.line(`const int down = ty + step * ${along};`);
    at.line(`const bool keep = live && pixel0 + down < ${pixels};`);
    at.line(`const int pixel = min(pixel0 + down, ${pixels - 1});`);
    const index = pixelIndex(at, result.shape, 'pixel', channel);
    const place = `${staged.name} + down * ${pitchOf(staged)} + tx * ${lanes}`;
    at.line(`float value[${lanes}]; Words<${lanes}, ${lanes}>::load(value, ${place});`);
    const value = at.lane('value');
    if (reduction) addTerms(at, reduction, { stored: result, index, value, keep: 'keep' });
    at.block('if (keep)', () => at.write(result, index, value));
  });
}
