import type { Lowerings } from './lowering.js';

/** Lowering of the matrix product. */
export const matmulLowerings: Lowerings<'matmul'> = {
  matmul: ({ transposeA, transposeB }, [a, b], builder) => [
    builder.op('Gemm', [a!.name, b!.name], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 }),
  ],
};
