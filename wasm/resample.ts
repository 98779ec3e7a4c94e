/**
 * Pillow's resampling of bytes (Resample.c) and normalisation in 128-bit vectors: AssemblyScript, compiled by `npm run generate:wasm` into
 * src/data/images/resampleCode.ts. The memory is laid out by the caller. 16 bytes after each array may be read, and after
 * each output written; what is written beyond the end of a row is overwritten by the next row.
 *
 * Weights have 22 bits after the point, so that products and sums are 32-bit integers; results are clipped to bytes. As one
 * instruction multiplies and adds pairs of 16-bit integers, inputs are taken two by two, and a weight is
 * its upper part · 2^11 + its lower part. A pair of weights is two words: the lower parts of both, then the upper ones.
 */

const PRECISION_BITS: i32 = 32 - 8 - 2;
const HALF: i32 = 1 << (PRECISION_BITS - 1);
const LOW_BITS: i32 = 11;
/** Bytes of a pair of weights. */
const PAIR: usize = 8;

/** Sums of products with the upper and the lower parts of weights, rounded and shifted to whole numbers. */
@inline
function whole(upper: v128, lower: v128): v128 {
  const sum = i32x4.add(i32x4.shl(upper, LOW_BITS), i32x4.add(lower, i32x4.splat(HALF)));
  return i32x4.shr_s(sum, PRECISION_BITS);
}

/** Three channels of two neighbouring pixels as pairs of 16-bit integers: RR GG BB. */
@inline
function neighbours(bytes: v128): v128 {
  return i8x16.swizzle(bytes, i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
}

/** The same of the next two pixels. */
@inline
function nextNeighbours(bytes: v128): v128 {
  return i8x16.swizzle(bytes, i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
}

/** A sum with the products of four pixels of a row, whose `bytes` begin with them, and the lower parts of their weights. */
@inline
function lowerSum(sum: v128, bytes: v128, weight: usize): v128 {
  const first = i32x4.dot_i16x8_s(neighbours(bytes), v128.load32_splat(weight));
  return i32x4.add(sum, i32x4.add(first, i32x4.dot_i16x8_s(nextNeighbours(bytes), v128.load32_splat(weight, 8))));
}

/** The same with the upper parts. */
@inline
function upperSum(sum: v128, bytes: v128, weight: usize): v128 {
  const first = i32x4.dot_i16x8_s(neighbours(bytes), v128.load32_splat(weight, 4));
  return i32x4.add(sum, i32x4.add(first, i32x4.dot_i16x8_s(nextNeighbours(bytes), v128.load32_splat(weight, 12))));
}

/**
 * Rows of RGB pixels, four at a time: `out` [rows, outStride bytes] from `data` [rows, stride bytes]; of both there are rows until four divide
 * them. `starts` are the first pixels of the outputs, `weights` [columns, pairs], zeros where an output has fewer; what lies there may be
 * anything. `pairs` is even.
 */
export function resampleRows(
  out: usize,
  outStride: i32,
  data: usize,
  rows: i32,
  stride: i32,
  columns: i32,
  starts: usize,
  weights: usize,
  pairs: i32,
): void {
  const column = <usize>pairs * PAIR;
  const last = starts + (<usize>columns << 2);
  for (let y = 0; y < rows; y += 4) {
    let weight = weights;
    let to = out;
    for (let start = starts; start < last; start += 4) {
      let pixel = data + 3 * <usize>load<i32>(start);
      const end = weight + column;
      let lower0 = i32x4.splat(0);
      let lower1 = lower0;
      let lower2 = lower0;
      let lower3 = lower0;
      let upper0 = lower0;
      let upper1 = lower0;
      let upper2 = lower0;
      let upper3 = lower0;
      while (weight < end) {
        let at = pixel;
        let bytes = v128.load(at);
        lower0 = lowerSum(lower0, bytes, weight);
        upper0 = upperSum(upper0, bytes, weight);
        at += stride;
        bytes = v128.load(at);
        lower1 = lowerSum(lower1, bytes, weight);
        upper1 = upperSum(upper1, bytes, weight);
        at += stride;
        bytes = v128.load(at);
        lower2 = lowerSum(lower2, bytes, weight);
        upper2 = upperSum(upper2, bytes, weight);
        at += stride;
        bytes = v128.load(at);
        lower3 = lowerSum(lower3, bytes, weight);
        upper3 = upperSum(upper3, bytes, weight);
        weight += 2 * PAIR;
        pixel += 12;
      }
      const near = i16x8.narrow_i32x4_s(whole(upper0, lower0), whole(upper1, lower1));
      const far = i16x8.narrow_i32x4_s(whole(upper2, lower2), whole(upper3, lower3));
      const pixels = i8x16.narrow_i16x8_u(near, far);
      let each = to;
      v128.store32_lane(each, pixels, 0);
      each += outStride;
      v128.store32_lane(each, pixels, 1);
      each += outStride;
      v128.store32_lane(each, pixels, 2);
      each += outStride;
      v128.store32_lane(each, pixels, 3);
      to += 3;
    }
    data += stride << 2;
    out += outStride << 2;
  }
}

/**
 * Columns of bytes: `out` [outputs, length] from `data` [·, stride], which has one row more than is needed. `starts` are the first rows of
 * the outputs, `counts` how many pairs of rows each has, `weights` [outputs, pairs].
 */
export function resampleColumns(
  out: usize,
  data: usize,
  stride: i32,
  length: i32,
  outputs: i32,
  starts: usize,
  counts: usize,
  weights: usize,
  pairs: i32,
): void {
  for (let y = 0; y < outputs; y++) {
    const end = weights + <usize>load<i32>(counts) * PAIR;
    const first = data + <usize>(load<i32>(starts) * stride);
    for (let x = 0; x < length; x += 16) {
      let upperA = i32x4.splat(0);
      let upperB = upperA;
      let upperC = upperA;
      let upperD = upperA;
      let lowerA = upperA;
      let lowerB = upperA;
      let lowerC = upperA;
      let lowerD = upperA;
      let row = first + x;
      for (let weight = weights; weight < end; weight += PAIR) {
        const low = v128.load32_splat(weight);
        const high = v128.load32_splat(weight, 4);
        const above = v128.load(row);
        const below = v128.load(row + stride);
        const near = i8x16.shuffle(above, below, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const far = i8x16.shuffle(above, below, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const a = i16x8.extend_low_i8x16_u(near);
        const b = i16x8.extend_high_i8x16_u(near);
        const c = i16x8.extend_low_i8x16_u(far);
        const d = i16x8.extend_high_i8x16_u(far);
        upperA = i32x4.add(upperA, i32x4.dot_i16x8_s(a, high));
        lowerA = i32x4.add(lowerA, i32x4.dot_i16x8_s(a, low));
        upperB = i32x4.add(upperB, i32x4.dot_i16x8_s(b, high));
        lowerB = i32x4.add(lowerB, i32x4.dot_i16x8_s(b, low));
        upperC = i32x4.add(upperC, i32x4.dot_i16x8_s(c, high));
        lowerC = i32x4.add(lowerC, i32x4.dot_i16x8_s(c, low));
        upperD = i32x4.add(upperD, i32x4.dot_i16x8_s(d, high));
        lowerD = i32x4.add(lowerD, i32x4.dot_i16x8_s(d, low));
        row += stride << 1;
      }
      const near = i16x8.narrow_i32x4_s(whole(upperA, lowerA), whole(upperB, lowerB));
      const far = i16x8.narrow_i32x4_s(whole(upperC, lowerC), whole(upperD, lowerD));
      v128.store(out + x, i8x16.narrow_i16x8_u(near, far));
    }
    out += length;
    starts += 4;
    counts += 4;
    weights += <usize>pairs * PAIR;
  }
}

/**
 * RGB pixels [rows, columns, 3] as planes [3, rows, columns] of 32-bit numbers, which are looked up by byte: `tables` [3, 256].
 *
 * @param step bytes from a pixel to the next one: 3, or −3 to mirror rows
 */
export function normalise(
  out: usize,
  data: usize,
  rows: i32,
  columns: i32,
  step: i32,
  tables: usize,
): void {
  const plane = <usize>(rows * columns) << 2;
  const green = out + plane;
  const blue = green + plane;
  const row = 3 * columns;
  let at: usize = 0;
  for (let y = 0; y < rows; y++) {
    let pixel = step < 0 ? data + row - 3 : data;
    const end = at + (<usize>columns << 2);
    while (at < end) {
      store<u32>(out + at, load<u32>(tables + (<usize>load<u8>(pixel) << 2)));
      store<u32>(green + at, load<u32>(tables + (<usize>load<u8>(pixel, 1) << 2), 1024));
      store<u32>(blue + at, load<u32>(tables + (<usize>load<u8>(pixel, 2) << 2), 2048));
      pixel += step;
      at += 4;
    }
    data += row;
  }
}
