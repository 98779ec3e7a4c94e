const LEVELS = 256;

/** Replaces each byte by the table's value for it, in place. */
export function applyTable(bytes: Uint8Array, table: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = table[bytes[i]!]!;
}

/** Keeps the highest `bits` of each byte, 0 to 8, in place. */
export function posterize(rgb: Uint8Array, bits: number): void {
  const mask = ~(2 ** (8 - bits) - 1);
  for (let i = 0; i < rgb.length; i++) rgb[i] = rgb[i]! & mask;
}

/** Inverts bytes from a threshold on, in place. */
export function solarize(rgb: Uint8Array, threshold: number): void {
  applyTable(
    rgb,
    Uint8Array.from({ length: LEVELS }, (_, value) => (value < threshold ? value : 255 - value)),
  );
}

/** Stretches each colour so that its darkest value becomes 0 and its brightest 255, in place (ImageOps.autocontrast). */
export function autoContrast(rgb: Uint8Array): void {
  eachColour(rgb, (counts) => {
    const lowest = counts.findIndex((count) => count > 0);
    const highest = counts.findLastIndex((count) => count > 0);
    if (highest <= lowest) return undefined;
    const scale = 255 / (highest - lowest);
    const offset = -lowest * scale;
    return Uint8Array.from({ length: LEVELS }, (_, value) =>
      Math.min(Math.max(Math.trunc(value * scale + offset), 0), 255),
    );
  });
}

/** Spreads each colour's values so that all are about equally frequent, in place (ImageOps.equalize). */
export function equalize(rgb: Uint8Array): void {
  eachColour(rgb, (counts) => {
    const last = counts.findLastIndex((count) => count > 0);
    const pixels = rgb.length / 3;
    const step = Math.floor((pixels - counts[last]!) / 255);
    if (step === 0) return undefined;
    let sum = Math.floor(step / 2);
    return Uint8Array.from(counts, (count) => {
      const value = Math.min(Math.floor(sum / step), 255);
      sum += count;
      return value;
    });
  });
}

/** Replaces each colour's values by a table that is made of their counts; undefined leaves them. */
function eachColour(rgb: Uint8Array, tableOf: (counts: Uint32Array) => Uint8Array | undefined): void {
  for (let colour = 0; colour < 3; colour++) {
    const counts = new Uint32Array(LEVELS);
    for (let i = colour; i < rgb.length; i += 3) counts[rgb[i]!]!++;
    const table = tableOf(counts);
    if (table) for (let i = colour; i < rgb.length; i += 3) rgb[i] = table[rgb[i]!]!;
  }
}
