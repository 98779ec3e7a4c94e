import type { Normalisation } from './dataset.js';

/** Value of each byte after scaling to [0, 1] and normalising: a table of 256 a channel. */
export function normalisationTables({ mean, std }: Normalisation): Float32Array {
  return Float32Array.from({ length: mean.length * 256 }, (_, i) => {
    const channel = i >> 8;
    return ((i & 255) / 255 - mean[channel]!) / std[channel]!;
  });
}

/**
 * Bytes [S, S, 3] as normalised planes [C, S, S]; of one channel, the first colour's.
 *
 * @param tables of {@link normalisationTables}: 256 for each of 1 or 3 channels
 */
export function writeNormalised(out: Float32Array, rgb: Uint8Array, tables: Float32Array): void {
  if (tables.length === 256) {
    for (let o = 0, i = 0; o < out.length; o++, i += 3) out[o] = tables[rgb[i]!]!;
    return;
  }
  const plane = out.length / 3;
  for (let o = 0, i = 0; o < plane; o++, i += 3) {
    out[o] = tables[rgb[i]!]!;
    out[o + plane] = tables[256 + rgb[i + 1]!]!;
    out[o + 2 * plane] = tables[512 + rgb[i + 2]!]!;
  }
}
