/** Exact conversions between 32-bit floats and the two 16-bit formats, as bit patterns. */

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The value of an IEEE 754 binary16 bit pattern. Exact. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The binary16 bit pattern nearest to a 32-bit float; ties go to the even pattern, and what lies beyond
 * 65519.99… becomes infinite. Not-a-number becomes a quiet one with its sign and highest payload bits.
 */
export function floatToHalf(value: number): number {
  floats[0] = value;
  const bits = words[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff);
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // From 2^-14 on, halves are normal: rebias the exponent by 127 − 15 and drop 13 bits of the fraction.
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13);
  // Below half of the least subnormal (2^-25) all is zero.
  if (magnitude < 0x33000000) return sign;
  const exponent = magnitude >>> 23;
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** The value of a bfloat16 bit pattern. Exact. */
export function bfloat16ToFloat(bits: number): number {
  words[0] = bits << 16;
  return floats[0]!;
}

/** The bfloat16 bit pattern nearest to a 32-bit float; ties go to the even pattern. Not-a-number becomes a quiet one. */
export function floatToBfloat16(value: number): number {
  floats[0] = value;
  const bits = words[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits >>> 16) & 0x8000) | roundShift(bits & 0x7fffffff, 16);
}

/** `value / 2^shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const quotient = value >>> shift;
  const remainder = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return remainder > half || (remainder === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}
