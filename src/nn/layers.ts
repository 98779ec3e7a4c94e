import { SettingError, UsageError } from '../errors.js';
import { batchNormInference, batchNormOverRanks, batchNormTrain } from '../graph/ops/batchNorm.js';
import { type Conv2dOptions, conv2d } from '../graph/ops/conv.js';
import { add, mul } from '../graph/ops/elementwise.js';
import { matmul } from '../graph/ops/matmul.js';
import type { Tensor } from '../graph/tensor.js';
import { sizeOf } from '../graph/tensorType.js';
import { checkProbability, dropped } from './dropping.js';
import { Layer } from './layer.js';
import { constantInit, fanInUniformInit, type Initialiser, Parameter } from './parameter.js';
import type { Trace } from './trace.js';

/** Options of {@link Conv2d}. */
export interface Conv2dLayerOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on each side; default dilation·(kernel − 1)/2, which keeps the size at stride 1. */
  readonly padding?: number;
  /** Distance between kernel elements. Default 1. */
  readonly dilation?: number;
  /** Divides the channels of both sides. Default 1. */
  readonly groups?: number;
  /** Default true, as PyTorch. */
  readonly bias?: boolean;
  /** Default: PyTorch's, {@link fanInUniformInit}. */
  readonly weightInit?: Initialiser;
  /** Default: PyTorch's, {@link fanInUniformInit}. */
  readonly biasInit?: Initialiser;
}

/** Rejects groups that do not divide the channels. */
function expectGroups(groups: number, inChannels: number, outChannels: number): void {
  if (!Number.isInteger(groups) || groups < 1)
    throw new UsageError(`Conv2d: groups must be a whole number of 1 or more, not ${groups}`);
  for (const [channels, side] of [
    [inChannels, 'input'],
    [outChannels, 'output'],
  ] as const)
    if (channels % groups !== 0)
      throw new UsageError(`Conv2d: ${groups} groups do not divide ${channels} ${side} channels`);
}

/** Convolution with a square kernel: `weight` [out, in/groups, k, k] and `bias` [out]. */
export class Conv2d extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  private readonly geometry: Conv2dOptions;

  /** @throws UsageError when the groups do not divide the channels */
  constructor(inChannels: number, outChannels: number, kernel: number, options: Conv2dLayerOptions = {}) {
    super();
    const { groups = 1, dilation = 1, stride = 1 } = options;
    expectGroups(groups, inChannels, outChannels);
    const shape = [outChannels, inChannels / groups, kernel, kernel];
    const fanIn = sizeOf(shape.slice(1));
    this.weight = new Parameter(shape, 'parameter', options.weightInit ?? fanInUniformInit(fanIn));
    const biasInit = options.biasInit ?? fanInUniformInit(fanIn);
    this.bias = (options.bias ?? true) ? new Parameter([outChannels], 'parameter', biasInit) : undefined;
    const padding = options.padding ?? (dilation * (kernel - 1)) / 2;
    this.geometry = { stride, padding, dilation, groups };
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const bias = this.bias && trace.variable(this.bias);
    return conv2d(x, trace.variable(this.weight), bias, this.geometry);
  }
}

/** That a batch has a single value per channel, which normalised is 0 whatever it was: nothing before it learns. */
function singleValue(weight: string): SettingError {
  const layer = weight.split('.').slice(0, -1).join('.');
  return new SettingError(
    (name) =>
      `the batch normalisation ${layer} cannot be trained on one value per channel: a batch, or a rank’s part of it, is one image with maps of 1×1 pixels there; give a larger ${name('batchSize')}, or, where it does not follow the model’s pooling, a larger ${name('imageSize')}`,
  );
}

/**
 * Batch normalisation over N, H and W: `weight`, `bias`, `running_mean`, `running_var` [C] and
 * `num_batches_tracked`. In training, unless it is frozen, running ← (1 − momentum)·running + momentum·batch, with the
 * unbiased variance.
 */
export class BatchNorm2d extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: Parameter;
  readonly running_var: Parameter;
  readonly num_batches_tracked = new Parameter([], 'counter', constantInit(0));

  /**
   * @param epsilon added to the variance; default 1e-5
   * @param momentum share of the new statistics; default 0.1
   * @param init of weight and bias; default 1 and 0
   */
  constructor(
    channels: number,
    private readonly epsilon = 1e-5,
    private readonly momentum = 0.1,
    init: { readonly weight?: Initialiser; readonly bias?: Initialiser } = {},
  ) {
    super();
    this.weight = new Parameter([channels], 'parameter', init.weight ?? constantInit(1));
    this.bias = new Parameter([channels], 'parameter', init.bias ?? constantInit(0));
    this.running_mean = new Parameter([channels], 'buffer', constantInit(0));
    this.running_var = new Parameter([channels], 'buffer', constantInit(1));
  }

  /** @throws SettingError in training, where a batch has a single value per channel, as PyTorch */
  override forward(x: Tensor, trace: Trace): Tensor {
    const gamma = trace.variable(this.weight);
    const beta = trace.variable(this.bias);
    const running = { mean: trace.variable(this.running_mean), variance: trace.variable(this.running_var) };
    if (!trace.training || trace.isFrozen(this.weight))
      return batchNormInference(x, gamma, beta, running, this.epsilon);
    const count = (trace.syncRanks * sizeOf(x.shape)) / x.shape[1]!;
    if (count === 1) throw singleValue(trace.nameOf(this.weight));
    const { epsilon } = this;
    const { y, mean, variance } =
      trace.syncRanks > 1
        ? batchNormOverRanks(x, gamma, beta, { epsilon, ranks: trace.syncRanks, shift: running.mean })
        : batchNormTrain(x, gamma, beta, epsilon);
    const unbiased = (this.momentum * count) / (count - 1);
    trace.update(this.running_mean, add(mul(running.mean, 1 - this.momentum), mul(mean, this.momentum)));
    trace.update(this.running_var, add(mul(running.variance, 1 - this.momentum), mul(variance, unbiased)));
    return y;
  }
}

/** y = x·weightᵀ + bias for x [N, in]: `weight` [out, in], `bias` [out]. */
export class Linear extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter;

  /** @param init of weight and bias; default PyTorch's, {@link fanInUniformInit} */
  constructor(
    inFeatures: number,
    outFeatures: number,
    init: { readonly weight?: Initialiser; readonly bias?: Initialiser } = {},
  ) {
    super();
    this.weight = new Parameter(
      [outFeatures, inFeatures],
      'parameter',
      init.weight ?? fanInUniformInit(inFeatures),
    );
    this.bias = new Parameter([outFeatures], 'parameter', init.bias ?? fanInUniformInit(inFeatures));
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return add(matmul(x, trace.variable(this.weight), { transposeB: true }), trace.variable(this.bias));
  }
}

/** In training, zeroes each element with probability p and scales the others by 1/(1 − p); otherwise does nothing. */
export class Dropout extends Layer {
  /**
   * @param p from 0 to 1
   * @param stream name of its random numbers, different for each dropout of a model
   * @throws UsageError when p is out of range
   */
  constructor(
    private readonly p: number,
    private readonly stream: string,
  ) {
    super();
    checkProbability('Dropout', p);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return dropped(x, trace, { p: this.p, stream: this.stream, shape: x.shape });
  }
}
