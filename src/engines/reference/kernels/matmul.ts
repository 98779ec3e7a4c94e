import { floats, type Kernels } from '../kernel.js';

/** Matrix product, row by row of the result. */
export const matmulKernels: Kernels<'matmul'> = {
  matmul: ({ transposeA, transposeB }, [a, b], [y]) => {
    const [as, bs, ys] = [floats(a), floats(b), floats(y)];
    const [rows, columns] = y!.shape as [number, number];
    const inner = a!.shape[transposeA ? 0 : 1]!;
    const [aRow, aInner] = transposeA ? [1, rows] : [inner, 1];
    const [bInner, bColumn] = transposeB ? [1, inner] : [columns, 1];
    const sums = new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      sums.fill(0);
      for (let k = 0; k < inner; k++) {
        const left = as[i * aRow + k * aInner]!;
        for (let j = 0; j < columns; j++) sums[j]! += left * bs[k * bInner + j * bColumn]!;
      }
      ys.set(sums, i * columns);
    }
  },
};
