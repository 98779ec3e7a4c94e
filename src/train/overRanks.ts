import type { RankReduction } from '../graph/op.js';
import { allReduceAll } from '../graph/ops/collective.js';
import type { Tensor } from '../graph/tensor.js';

/** How a step is spread over ranks. */
export interface RankOptions {
  /** Ranks, each of which runs the program on its part of the batch. Default 1. */
  readonly ranks?: number | undefined;
  /** Whether batch normalisation takes the statistics of the whole batch, not of a rank's part. Default false. */
  readonly syncBatchNorm?: boolean | undefined;
}

/** Tensors combined over ranks; on one rank, themselves. */
export function overRanks(tensors: readonly Tensor[], fn: RankReduction, ranks = 1): readonly Tensor[] {
  const [first, ...rest] = tensors;
  return ranks > 1 && first ? allReduceAll([first, ...rest], fn) : tensors;
}
