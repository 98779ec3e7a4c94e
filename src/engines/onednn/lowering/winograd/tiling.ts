import type { Shape } from '../../../../graph/tensorType.js';
import { VECTOR } from '../../kernels/kernel.js';
import type { Run, Strides } from '../../kernels/tileKernel.js';

/** Channels of a block, which a vector holds. */
export const BLOCK = 8;
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
/** How pictures of a size are cut into tiles of 4×4. */
export class Tiling {
  private constructor(
    readonly pictures: number,
    readonly height: number,
    readonly width: number,
  ) {}

  /** @param shape of pictures, [N,C,H,W] */
  static of([pictures, , height, width]: Shape): Tiling {
    return new Tiling(pictures!, height!, width!);
  }

  get perPicture(): number {
    return Math.ceil(this.height / TILE) * Math.ceil(this.width / TILE);
  }

  get count(): number {
    return this.pictures * this.perPicture;
  }

  /** Of one point's numbers of all tiles. */
  bytes(channels: number): number {
    return this.count * channels * 4;
  }

  /** Where rows of tiles begin and end in the picture, with `halo` rows before and after. */
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

  /** A picture in blocks of channels; units are blocks of a picture. */
  pictureSide(channels: number, halo: number): Strides {
    const line = this.width * VECTOR;
    const plane = this.height * line;
    return {
      outer: (channels / BLOCK) * plane,
      inner: plane,
      column: TILE * VECTOR,
      row: TILE * line,
      start: -halo * (line + VECTOR),
      elementRow: line,
      elementColumn: VECTOR,
    };
  }

  /** Tiles, for each point all of them: [point][block of channels][picture, tile][8]. */
  tileSide(channels: number): Strides {
    const point = this.bytes(channels) + GAP;
    return {
      outer: this.perPicture * VECTOR,
      inner: this.count * VECTOR,
      column: VECTOR,
      row: Math.ceil(this.width / TILE) * VECTOR,
      start: 0,
      elementRow: POINTS * point,
      elementColumn: point,
    };
  }
}

/** What the sides of weights in blocks have in common; units are blocks, whose eight vectors are a row of tiles. */
const blockSide = { inner: 0, column: VECTOR, row: 0 } as const;

/** Weights in blocks, [block][3·3][8×8]; `turned` reads each kernel from its last tap to its first. */
export function weightSide(turned = false): Strides {
  const taps = KERNEL ** 2;
  const sign = turned ? -1 : 1;
  return {
    ...blockSide,
    outer: taps * WEIGHT_BLOCK,
    start: turned ? (taps - 1) * WEIGHT_BLOCK : 0,
    elementRow: sign * KERNEL * WEIGHT_BLOCK,
    elementColumn: sign * WEIGHT_BLOCK,
  };
}

/** One point's weights after the other: [point][block][8×8]; a point has so many bytes. */
export function pointSide(bytes: number): Strides {
  const point = bytes + GAP;
  return { ...blockSide, outer: WEIGHT_BLOCK, start: 0, elementRow: POINTS * point, elementColumn: point };
}
