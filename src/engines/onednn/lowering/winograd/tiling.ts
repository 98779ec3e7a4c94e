import type { Shape } from '../../../../graph/tensorType.js';
import type { Block } from '../../dnnl.js';
import { FLOAT } from '../../kernels/kernel.js';
import { type Format, formatBytes } from '../../kernels/numbers.js';
import type { Run, Strides } from '../../kernels/tileKernel.js';

/** Results of a tile along each axis. */
export const TILE = 4;
/** Points along each axis that the polynomials are evaluated at. */
export const POINTS = 6;
/** Taps of a kernel along each axis. */
export const KERNEL = 3;
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

  /** An image in blocks of channels, which units are. */
  imageSide(channels: number, halo: number, block: Block, format: Format): Strides {
    const pixel = block * formatBytes(format);
    const line = this.width * pixel;
    const plane = this.height * line;
    return {
      format,
      outer: (channels / block) * plane,
      inner: plane,
      column: TILE * pixel,
      row: TILE * line,
      start: -halo * (line + pixel),
      elementRow: line,
      elementColumn: pixel,
    };
  }

  /** Tiles, for each point all of them: [point][image, tile][channel]; units are a block of an image's channels. */
  tileSide(channels: number, block: Block): Strides {
    const tile = channels * FLOAT;
    const point = this.bytes(channels) + GAP;
    return {
      format: 'f32',
      outer: this.perImage * tile,
      inner: block * FLOAT,
      column: tile,
      row: Math.ceil(this.width / TILE) * tile,
      start: 0,
      elementRow: POINTS * point,
      elementColumn: point,
    };
  }
}

/**
 * Weights in blocks of b inputs and outputs, [block][3·3][b×b], whose b vectors are a row of tiles; `turned` reads each kernel from its
 * last tap to its first.
 */
export function weightSide(inputs: number, block: Block, turned = false): Strides {
  const taps = KERNEL ** 2;
  const tap = block ** 2 * FLOAT;
  const sign = turned ? -1 : 1;
  return {
    format: 'f32',
    outer: (inputs / block) * taps * tap,
    inner: taps * tap,
    column: block * FLOAT,
    row: 0,
    start: turned ? (taps - 1) * tap : 0,
    elementRow: sign * KERNEL * tap,
    elementColumn: sign * tap,
  };
}

/** Each point's weights row-major, [point][input][output], or [point][output][input] if they are turned. */
export function pointSide(outputs: number, inputs: number, block: Block, turned = false): Strides {
  const rowBytes = (turned ? inputs : outputs) * FLOAT;
  const [acrossRows, alongRow] = [block * rowBytes, block * FLOAT];
  const point = outputs * inputs * FLOAT + GAP;
  return {
    format: 'f32',
    outer: turned ? acrossRows : alongRow,
    inner: turned ? alongRow : acrossRows,
    column: rowBytes,
    row: 0,
    start: 0,
    elementRow: POINTS * point,
    elementColumn: point,
  };
}
