import { type SettingText, UsageError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { allReduce } from '../graph/ops/collective.js';
import { add, div, equal, exp, minimum, mul, select, sub } from '../graph/ops/elementwise.js';
import { amax, amin, mean, variance } from '../graph/ops/reduce.js';
import { detach, flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { checkTargetOptions, imageLosses, type TargetOptions } from './imageLosses.js';
import type { Loss } from './loss.js';

/** Options of {@link biasLoss}. */
export interface BiasLossOptions extends TargetOptions {
  /** α of the weight exp(α·u) − β. Default 0.3. */
  readonly alpha?: number | undefined;
  /** β of the weight. Default 0.3. */
  readonly beta?: number | undefined;
  /**
   * The variance at which u is zero: the smallest of the run so far (`global`, default, as in the
   * published code), or of the batch (`local`).
   */
  readonly normMode?: 'global' | 'local' | undefined;
}

/** Variable that holds the running minimum of `global`: a scalar. */
export const RUNNING_MIN = 'loss.running_min';
/** Initial value of the running minimum, as in the published code. */
const RUNNING_MIN_START = 100_000;

/** Of few images the variances may be almost equal, and far above the least of the run: then u, a quotient, is huge. */
const boundedWeights: SettingText = (name) =>
  `${name('normMode')} local where batches have few images, which bounds the weights that the bias loss gives them`;

/**
 * The bias loss ("Bias Loss for Mobile Neural Networks", section 3): mean over the batch of
 * zᵢ·CE(logitsᵢ, labelᵢ) (or the focal or weighted loss that the other options make of it) with zᵢ = exp(α·uᵢ) − β, where uᵢ is the variance vᵢ of image i's
 * features, normalised over the batch: uᵢ = (vᵢ − m)/(max v − min v). In `local` mode m = min v; in
 * `global` mode m ← min(m, min v) lives as long as the run (the variable `loss.running_min`), so that
 * uᵢ can exceed 1. Variances are unbiased (divided by n − 1) and no gradient flows through them.
 *
 * Of a batch that is spread over ranks, the least and the greatest variance are those of the whole batch.
 *
 * When all variances of a batch are equal the quotient is 0/0, NaN in the published code; here uᵢ = 0,
 * so that each image weighs 1 − β.
 *
 * @throws UsageError naming an option that is out of range
 */
export function biasLoss(options: BiasLossOptions = {}): Loss {
  const { alpha = 0.3, beta = 0.3, normMode = 'global' } = options;
  checkOptions({ alpha, beta, normMode });
  checkTargetOptions(options);
  return {
    name: 'bias',
    variables: normMode === 'global' ? [{ name: RUNNING_MIN, shape: [], initial: RUNNING_MIN_START }] : [],
    needsTeacher: options.distillation !== undefined,
    remedy: normMode === 'global' ? boundedWeights : undefined,
    build: (graph, input) => {
      const { losses, crossEntropies } = imageLosses(input, options);
      const variances = detach(variance(flatten(input.features), [1]));
      const { normalised, updates } = normalise(graph, variances, normMode);
      const weights = sub(exp(mul(normalised, alpha)), beta);
      return {
        loss: mean(mul(weights, losses)),
        crossEntropy: mean(crossEntropies),
        weighting: { variances, weights },
        updates,
      };
    },
  };
}

type KnownOptions = {
  readonly [K in 'alpha' | 'beta' | 'normMode']: NonNullable<BiasLossOptions[K]>;
};

function checkOptions({ alpha, beta, normMode }: KnownOptions): void {
  for (const [name, value] of Object.entries({ alpha, beta })) {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new UsageError(`${name} must be a number, not ${value}`);
  }
  if (normMode !== 'global' && normMode !== 'local')
    throw new UsageError(`normMode must be global or local, not ${normMode}`);
}

function normalise(
  graph: Graph,
  variances: Tensor,
  normMode: 'global' | 'local',
): { normalised: Tensor; updates: Map<string, Tensor> } {
  const least = allReduce(amin(variances), 'min');
  const range = sub(allReduce(amax(variances), 'max'), least);
  const flat = equal(range, 0);
  const zero = normMode === 'local' ? least : minimum(graph.variable(RUNNING_MIN, []), least);
  const normalised = select(flat, 0, div(sub(variances, zero), add(range, flat)));
  return { normalised, updates: new Map(normMode === 'global' ? [[RUNNING_MIN, zero]] : []) };
}
