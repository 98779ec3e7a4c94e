import type { Pair } from '../graph/op.js';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d, type Pool2dOptions } from '../graph/ops/pooling.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from './layer.js';

/** The maximum of each window; padding is −∞, and at most half of the kernel. */
export class MaxPool2d extends Layer {
  constructor(
    private readonly kernel: number | Pair,
    private readonly options: Pool2dOptions = {},
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernel, this.options);
  }
}

/** The average of each window; padding counts. */
export class AvgPool2d extends Layer {
  constructor(
    private readonly kernel: number | Pair,
    private readonly options: Pool2dOptions = {},
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernel, this.options);
  }
}

/** Adaptive average pooling: one window per output pixel. */
export class AdaptiveAvgPool2d extends Layer {
  constructor(private readonly outputSize: number | Pair) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}
