/**
 * Pillow's resampling of bytes (Resample.c) in 128-bit vectors: AssemblyScript, compiled by `npm run generate:wasm` into
 * src/data/images/resampleCode.ts. The memory is laid out by the caller. 16 bytes after each array may be read, and after
 * each output written; what is written beyond the end of a row is overwritten by the next row.
 *
 * Weights have 22 bits after the point, so that products and sums are 32-bit integers; results are clipped to bytes.
 */

const PRECISION_BITS: i32 = 32 - 8 - 2;
const HALF: i32 = 1 << (PRECISION_BITS - 1);

/** Four channels of a pixel as 32-bit integers; the fourth is the next pixel's first. */
@inline
function pixelAt(address: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address)));
}

/** Sums as bytes, the first four of them. */
@inline
function storePixel(address: usize, sum: v128): void {
  const shifted = i32x4.shr_s(sum, PRECISION_BITS);
  const narrow = i16x8.narrow_i32x4_s(shifted, shifted);
  v128.store32_lane(address, i8x16.narrow_i16x8_u(narrow, narrow), 0);
}

/**
 * Rows of RGB pixels: `out` [rows, columns, 3] from `data` [rows, stride bytes]. `starts` are the first pixels of the outputs, `counts` how many
 * pixels each has, `weights` [columns, taps].
 */
export function resampleRows(
  out: usize,
  data: usize,
  rows: i32,
  stride: i32,
  columns: i32,
  starts: usize,
  counts: usize,
  weights: usize,
  taps: i32,
): void {
  const half = i32x4.splat(HALF);
  for (let y = 0; y < rows; y++) {
    let column = weights;
    for (let x = 0; x < columns; x++) {
      const count = load<i32>(counts + (<usize>x << 2));
      let pixel = data + 3 * <usize>load<i32>(starts + (<usize>x << 2));
      let weight = column;
      const end = weight + (<usize>count << 2);
      let sum = half;
      while (weight < end) {
        sum = i32x4.add(sum, i32x4.mul(pixelAt(pixel), v128.load32_splat(weight)));
        weight += 4;
        pixel += 3;
      }
      storePixel(out, sum);
      out += 3;
      column += <usize>taps << 2;
    }
    data += stride;
  }
}

/**
 * Columns of bytes: `out` [outputs, length] from `data` [·, length]. `starts` are the first rows of the outputs, `counts` how many rows each has,
 * `weights` [outputs, taps].
 */
export function resampleColumns(
  out: usize,
  data: usize,
  length: i32,
  outputs: i32,
  starts: usize,
  counts: usize,
  weights: usize,
  taps: i32,
): void {
  const half = i32x4.splat(HALF);
  for (let y = 0; y < outputs; y++) {
    const end = weights + (<usize>load<i32>(counts) << 2);
    const first = data + <usize>(load<i32>(starts) * length);
    for (let x = 0; x < length; x += 16) {
      let a = half;
      let b = half;
      let c = half;
      let d = half;
      let row = first + x;
      for (let weight = weights; weight < end; weight += 4) {
        const w = v128.load32_splat(weight);
        const bytes = v128.load(row);
        const low = i16x8.extend_low_i8x16_u(bytes);
        const high = i16x8.extend_high_i8x16_u(bytes);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), w));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), w));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), w));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), w));
        row += length;
      }
      const near = i16x8.narrow_i32x4_s(i32x4.shr_s(a, PRECISION_BITS), i32x4.shr_s(b, PRECISION_BITS));
      const far = i16x8.narrow_i32x4_s(i32x4.shr_s(c, PRECISION_BITS), i32x4.shr_s(d, PRECISION_BITS));
      v128.store(out + x, i8x16.narrow_i16x8_u(near, far));
    }
    out += length;
    starts += 4;
    counts += 4;
    weights += <usize>taps << 2;
  }
}
