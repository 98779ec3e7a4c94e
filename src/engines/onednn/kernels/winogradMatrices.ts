import type { Matrix } from './linear.js';

/**
 * Finite points that the polynomials of F(4, 3) are evaluated at, besides infinity. With 5/8 and 3/2 the
 * rounding error is about half of that with 1 and 2: Alam et al., "Winograd Convolution for Deep Neural
 * Networks: Efficient Point Selection" (2022), and the points of oneDNN 2.
 */
const POINTS = [0, 5 / 8, -5 / 8, 3 / 2, -3 / 2];

/** Coefficients of Π (x − p), from the lowest power. */
function polynomial(roots: readonly number[]): number[] {
  let product = [1];
  for (const root of roots)
    product = [0, ...product].map((lower, power) => lower - root * (product[power] ?? 0));
  return product;
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}

/** Powers 0 to count − 1 of each point; at infinity the highest alone. */
function powers(count: number): number[][] {
  const atInfinity = Array.from({ length: count }, (_, power) => Number(power === count - 1));
  return [...POINTS.map((point) => atInfinity.map((_, power) => point ** power)), atInfinity];
}

/**
 * The matrices of Winograd's F(4×4, 3×3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
 * 2016): Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A for a 6×6 patch d, a 3×3 kernel g and 4×4 results Y, by Toom and Cook's
 * construction from {@link POINTS}.
 */
export const winograd = {
  /** Bᵀ, 6×6. */
  input: [
    ...POINTS.map((_, j) => [...polynomial(POINTS.filter((_, l) => l !== j)), 0]),
    polynomial(POINTS),
  ] as Matrix,
  /** G, 6×3. */
  kernel: powers(3).map((row, j) => {
    const scale = POINTS.filter((_, l) => l !== j).reduce((product, p) => product * (POINTS[j]! - p), 1);
    return j < POINTS.length ? row.map((value) => value / scale) : row;
  }) as Matrix,
  /** Aᵀ, 4×6. */
  output: transposed(powers(4)),
  /** A, 6×4: for the gradient toward Y. */
  outputGradient: powers(4) as Matrix,
} as const;

/** Gᵀ, 3×6: from the gradient in tiles to the gradient toward g. */
export const kernelGradient: Matrix = transposed(winograd.kernel);
