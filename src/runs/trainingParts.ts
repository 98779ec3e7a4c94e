import { biasLoss } from '../losses/biasLoss.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import type { TargetOptions } from '../losses/imageLosses.js';
import type { Loss } from '../losses/loss.js';
import { adamw } from '../optim/adamw.js';
import { lion } from '../optim/lion.js';
import type { Optimizer } from '../optim/optimizer.js';
import { rmsprop } from '../optim/rmsprop.js';
import { cosine, exponential, multistep, oneCycle, type Schedule } from '../optim/schedule.js';
import { sgd } from '../optim/sgd.js';
import type { OptimizerName, TrainConfig } from './trainConfig.js';

const schedules: Readonly<Record<TrainConfig['schedule'], (config: TrainConfig) => Schedule>> = {
  multistep: (config) => multistep({ ...config, gamma: config.gamma ?? undefined }),
  exponential: (config) => exponential({ ...config, gamma: config.gamma ?? undefined }),
  cosine,
  onecycle: oneCycle,
};

/** The learning rate schedule of a configuration. */
export function scheduleOf(config: TrainConfig): Schedule {
  return schedules[config.schedule](config);
}

const optimizers: Readonly<Record<OptimizerName, (config: TrainConfig) => Optimizer>> = {
  sgd,
  adamw: (config) => adamw({ ...config, betas: config.betas ?? undefined, eps: config.eps ?? undefined }),
  rmsprop: (config) =>
    rmsprop({
      ...config,
      smoothing: config.rmspropAlpha ?? undefined,
      eps: config.eps ?? undefined,
      tensorFlow: config.rmspropTf,
    }),
  lion: (config) => lion({ ...config, betas: config.betas ?? undefined }),
};

/** The optimiser of a configuration. */
export function optimizerOf(config: TrainConfig): Optimizer {
  return optimizers[config.optimizer](config);
}

/**
 * The loss of a configuration.
 *
 * @param classWeights what the configured ones are for the data; default: none
 */
export function lossOf(config: TrainConfig, classWeights?: readonly number[]): Loss {
  const { labelSmoothing, loss, teacher, distillWeight: weight, temperature } = config;
  const focalGamma = config.focalGamma ?? (loss === 'focal' ? 2 : 0);
  const distillation = teacher === null ? undefined : { weight, temperature };
  const targets: TargetOptions = { labelSmoothing, focalGamma, classWeights, distillation };
  const { alpha, beta, normMode } = config;
  return loss === 'bias' ? biasLoss({ alpha, beta, normMode, ...targets }) : crossEntropyLoss(targets);
}
