import type { ShapeRules } from '../op.js';
import { emitOne, type GradientRules, type Tensor } from '../tensor.js';
import { formatShape, GraphError } from '../tensorType.js';
import { expectFloats, expectInputs, expectRank, f32 } from './check.js';

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** Take aᵀ. Default false. */
  readonly transposeA?: boolean;
  /** Take bᵀ. Default false. */
  readonly transposeB?: boolean;
}

/** Matrix product of a [M, K] and b [K, N], each optionally transposed first → [M, N]. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  return emitOne(
    'matmul',
    { transposeA: options.transposeA ?? false, transposeB: options.transposeB ?? false },
    [a, b],
  );
}

/** Shape rule of the matrix product. */
export const matmulShapes: ShapeRules<'matmul'> = {
  matmul: ({ transposeA, transposeB }, inputs) => {
    expectInputs('matmul', inputs, 2);
    expectFloats('matmul', inputs);
    const a = expectRank('matmul', inputs, 0, 2);
    const b = expectRank('matmul', inputs, 1, 2);
    const [m, k] = transposeA ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
    const [kb, n] = transposeB ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
    if (k !== kb)
      throw new GraphError(`matmul: inner sizes of ${formatShape(a)} and ${formatShape(b)} differ`);
    return [f32([m, n])];
  },
};

/** With Y = op(A)·op(B): dop(A) = dY·op(B)ᵀ and dop(B) = op(A)ᵀ·dY, transposed back where A or B was. */
export const matmulGradients: GradientRules<'matmul'> = {
  matmul: ({ attributes: { transposeA, transposeB }, inputs }, [dy]) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const da = transposeA
      ? matmul(b, dy!, { transposeA: transposeB, transposeB: true })
      : matmul(dy!, b, { transposeB: !transposeB });
    const db = transposeB
      ? matmul(dy!, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dy!, { transposeA: !transposeA });
    return [da, db];
  },
};
