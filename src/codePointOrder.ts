/**
 * Compares two texts by code point, as Python's `sorted()` does: negative, 0 or positive. JavaScript's own order is
 * by UTF-16 unit, where 😀 and CJK extension B come before full-width letters.
 */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates, which encode the characters beyond U+FFFF, come after all other units. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
