/** Bytes of the pattern. */
const BYTES = 2 ** 20;

/** Random numbers between −1 and 1 whose bytes are valid both as bf16 and as f32, for measurements. */
export function randomPattern(): Uint8Array {
  const halves = new Uint16Array(BYTES / 2);
  let state = 1;
  for (let index = 0; index < halves.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The sign and the mantissa are random, the exponent is that of 0.5 up to 1 or one of the three below.
    const exponent = 126 - ((state >>> 8) & 3);
    halves[index] = ((state >>> 31) << 15) | (exponent << 7) | ((state >>> 20) & 0x7f);
  }
  return new Uint8Array(halves.buffer);
}
