import type { Tensor } from '../graph/tensor.js';
import { checkProbability, dropped } from './dropping.js';
import { Layer } from './layer.js';
import type { Trace } from './trace.js';

/**
 * In training, zeroes a whole image of x [N, …] with probability p and scales the others by 1/(1 − p), torchvision's
 * `StochasticDepth` in the mode `row`; otherwise does nothing.
 */
export class StochasticDepth extends Layer {
  /**
   * @param p from 0 to 1
   * @param stream name of its random numbers, another for each such layer of a model
   * @throws UsageError when p is out of range
   */
  constructor(
    private readonly p: number,
    private readonly stream: string,
  ) {
    super();
    checkProbability('StochasticDepth', p);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const perImage = [x.shape[0]!, ...x.shape.slice(1).map(() => 1)];
    return dropped(x, trace, { p: this.p, stream: this.stream, shape: perImage });
  }
}
