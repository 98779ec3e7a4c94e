import { UsageError } from '../errors.js';
import { add, div, mul, sub } from '../graph/ops/elementwise.js';
import { softTargetCrossEntropy } from '../graph/ops/softTargets.js';
import type { Tensor } from '../graph/tensor.js';

/**
 * Knowledge distillation (Hinton, Vinyals and Dean, 2015): an image's loss becomes (1 − w)·L + w·T²·KL(teacher ‖ student), where both
 * distributions are the softmax of logits divided by the temperature T.
 */
export interface Distillation {
  /** w, in (0, 1]. */
  readonly weight: number;
  /** T, above 0. */
  readonly temperature: number;
}

/** @throws UsageError naming a number that is out of range */
export function checkDistillation({ weight, temperature }: Distillation): void {
  if (!(weight > 0 && weight <= 1))
    throw new UsageError(`the weight of distillation must be a number above 0 and up to 1, not ${weight}`);
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new UsageError(`the temperature of distillation must be a number above 0, not ${temperature}`);
}

/** KL(teacher ‖ student) of each image at a temperature, [N]: their cross-entropy less the teacher's entropy. */
function divergence(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  const softened = div(teacher, temperature);
  const { probabilities } = softTargetCrossEntropy(softened, teacher);
  const entropy = softTargetCrossEntropy(softened, probabilities).loss;
  return sub(softTargetCrossEntropy(div(student, temperature), probabilities).loss, entropy);
}

/**
 * Losses of images with distillation, [N].
 *
 * @param losses [N], without it
 * @param student logits [N, K]
 * @param teacher logits [N, K], through which no gradient flows
 */
export function distil(
  losses: Tensor,
  student: Tensor,
  teacher: Tensor,
  { weight, temperature }: Distillation,
): Tensor {
  const term = mul(divergence(student, teacher, temperature), weight * temperature * temperature);
  return weight === 1 ? term : add(mul(losses, 1 - weight), term);
}
