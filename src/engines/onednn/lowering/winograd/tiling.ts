import type { Shape } from '../../../../graph/tensorType.js';
import type { Block } from '../../dnnl.js';
import { BLOCK, FLOAT, VECTOR } from '../../kernels/kernel.js';
import type { Run, Strides } from '../../kernels/tileKernel.js';

/** Results of a tile along each axis. */
export const TILE = 4;
/** Points along each axis that the polynomials are evaluated at. */
export const POINTS = 6;
/** Taps of a kernel along each axis. */
export const KERNEL = 3;
/** Weights of a block of 8×8 channels, in bytes. */
const WEIGHT_BLOCK = BLOCK * VECTOR;
/** Tensors of each point lie a cache line further apart than they need, lest all points fall into one set of a cache. */
export const GAP = 64;
/** How images of a size are cut into tiles of 4×4. */
export class Tiling {
  private constructor(
    readonly images: number,
    readonly height: number,
    readonly width: number,
  ) {}

  /** @param shape of images, [N,C,H,W] */
  static of([images, , height, width]: Shape): Tiling {
    return new Tiling(images!, height!, width!);
  }

  get perImage(): number {
    return Math.ceil(this.height / TILE) * Math.ceil(this.width / TILE);
  }

  get count(): number {
    return this.images * this.perImage;
  }

  /** Of one point's numbers of all tiles. */
  bytes(channels: number): number {
    return this.count * channels * FLOAT;
  }

  /** Where rows of tiles begin and end in the image, with `halo` rows before and after. */
  runs(length: number, halo: number): Run[] {
    const size = TILE + 2 * halo;
    const runs: Run[] = [];
    for (let start = 0; start < length; start += TILE) {
      const begin = Math.max(0, halo - start);
      const end = Math.min(size, length + halo - start);
      const last = runs.at(-1);
      if (last?.begin === begin && last.end === end) runs.splice(-1, 1, { ...last, count: last.count + 1 });
      else runs.push({ count: 1, begin, end });
    }
    return runs;
  }

  /** An image in blocks of 8 or 16 channels; units are eight channels of an image. */
  imageSide(channels: number, halo: number, block: Block): Strides {
    const pixel = block * FLOAT;
    const line = this.width * pixel;
    const plane = this.height * line;
    const inner = (plane * BLOCK) / block;
    return {
      outer: (channels / block) * plane,
      inner,
      ...(block > BLOCK && { odd: VECTOR - inner }),
      column: TILE * pixel,
      row: TILE * line,
      start: -halo * (line + pixel),
      elementRow: line,
      elementColumn: pixel,
    };
  }

  /** Tiles, for each point all of them: [point][image, tile][channel]. */
  tileSide(channels: number): Strides {
    const tile = channels * FLOAT;
    const point = this.bytes(channels) + GAP;
    return {
      outer: this.perImage * tile,
      inner: VECTOR,
      column: tile,
      row: Math.ceil(this.width / TILE) * tile,
      start: 0,
      elementRow: POINTS * point,
      elementColumn: point,
    };
  }
}

/** Blocks of 8×8 weights, of which `across` stand side by side; a block's eight vectors are a row of tiles. */
function blockSide(blockBytes: number, across: number): Pick<Strides, 'outer' | 'inner' | 'column' | 'row'> {
  return { outer: across * blockBytes, inner: blockBytes, column: VECTOR, row: 0 };
}

/** Weights in blocks, [block][3·3][8×8]; `turned` reads each kernel from its last tap to its first. */
export function weightSide(inputs: number, turned = false): Strides {
  const taps = KERNEL ** 2;
  const sign = turned ? -1 : 1;
  return {
    ...blockSide(taps * WEIGHT_BLOCK, inputs / BLOCK),
    start: turned ? (taps - 1) * WEIGHT_BLOCK : 0,
    elementRow: sign * KERNEL * WEIGHT_BLOCK,
    elementColumn: sign * WEIGHT_BLOCK,
  };
}

/** Each point's weights row-major, [point][input][output], or [point][output][input] if they are turned. */
export function pointSide(outputs: number, inputs: number, turned = false): Strides {
  const rowBytes = (turned ? inputs : outputs) * FLOAT;
  const [acrossRows, alongRow] = [BLOCK * rowBytes, VECTOR];
  const point = outputs * inputs * FLOAT + GAP;
  return {
    outer: turned ? acrossRows : alongRow,
    inner: turned ? alongRow : acrossRows,
    column: rowBytes,
    row: 0,
    start: 0,
    elementRow: POINTS * point,
    elementColumn: point,
  };
}
