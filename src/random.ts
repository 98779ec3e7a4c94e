/**
 * Counter-based random numbers: each is a hash of (seed, stream, counters) and of nothing else, so that
 * a resumed run needs no generator state and any number of workers generates the same numbers.
 */

/** Bijective mixing of 32 bits with low bias (the finaliser of MurmurHash3, with the constants of Wellons's `lowbias32`). */
function mix(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

const GOLDEN = 0x9e3779b9;

/** 32 bits that identify a seed and a stream's name (FNV-1a, then mixed). */
function keyOf(seed: number, stream: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  const high = Math.floor(seed / 2 ** 32);
  return mix(mix(mix(hash) ^ seed) + high);
}

function draw(key: number, a: number, b: number): number {
  return mix(mix(mix(key + Math.imul(a, GOLDEN)) ^ b) + key) >>> 0;
}

/** A uniform number in [0, 1) with 24 bits, which a 32-bit float holds exactly. */
export function uniform01(seed: number, stream: string, a: number, b = 0): number {
  return (draw(keyOf(seed, stream), a, b) >>> 8) / 2 ** 24;
}

/** Numbers in [0, 1) of one stream: `next(a, b)` is {@link uniform01} without hashing the stream's name again. */
export function uniformSource(seed: number, stream: string): (a: number, b?: number) => number {
  const key = keyOf(seed, stream);
  return (a, b = 0) => (draw(key, a, b) >>> 8) / 2 ** 24;
}

/**
 * Fills an array with uniform numbers in [0, 1): element i is that of counters (step, first + i).
 *
 * @param first default 0
 */
export function fillUniform(out: Float32Array, seed: number, stream: string, step: number, first = 0): void {
  const key = keyOf(seed, stream);
  for (let i = 0; i < out.length; i++) out[i] = (draw(key, step, first + i) >>> 8) / 2 ** 24;
}

/** The order of `count` items in an epoch: a Fisher–Yates shuffle. */
export function permutation(seed: number, epoch: number, count: number): Uint32Array {
  const key = keyOf(seed, 'order');
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((draw(key, epoch, i) / 2 ** 32) * (i + 1));
    const other = order[j]!;
    order[j] = order[i]!;
    order[i] = other;
  }
  return order;
}
