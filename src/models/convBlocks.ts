/** Parts that torchvision's models share, with torchvision's names and initial values. */
import { mul, relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d } from '../nn/layers.js';
import { constantInit, normalInit } from '../nn/parameter.js';
import { type PlainFunction, Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';

/** Nearest multiple of `divisor`, never below it and never down by more than 10% (MobileNetV2's rule). */
export function makeDivisible(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}

/** Options of {@link heConv}. */
export interface HeConvOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly groups?: number;
}

/** Standard deviation of PyTorch's `kaiming_normal_` with `fan_out`. */
const fanOutDeviation = (outChannels: number, kernel: number): number =>
  Math.sqrt(2 / (kernel * kernel * outChannels));

/** A convolution without a bias, initialised as PyTorch's `kaiming_normal_` with `fan_out`; it keeps the size at stride 1. */
export function heConv(
  inChannels: number,
  outChannels: number,
  kernel: number,
  options: HeConvOptions = {},
): Conv2d {
  const weightInit = normalInit(fanOutDeviation(outChannels, kernel));
  return new Conv2d(inChannels, outChannels, kernel, { ...options, bias: false, weightInit });
}

/** Options of {@link convNorm}. */
export interface ConvNormOptions extends HeConvOptions {
  /** Default: none. */
  readonly activation?: PlainFunction | undefined;
  /** Makes the batch normalisation. Default: PyTorch's. */
  readonly norm?: ((channels: number) => BatchNorm2d) | undefined;
}

/** torchvision's `Conv2dNormActivation`: `0` is the convolution, `1` the batch normalisation. */
export function convNorm(
  inChannels: number,
  outChannels: number,
  kernel: number,
  { activation, norm = (channels) => new BatchNorm2d(channels), ...options }: ConvNormOptions = {},
): Sequential {
  const conv = heConv(inChannels, outChannels, kernel, options);
  return new Sequential([conv, norm(outChannels), ...(activation ? [activation] : [])]);
}

/** Activations of {@link squeezeExcite}. */
export interface SqueezeExciteOptions {
  /** Between the two convolutions. Default ReLU. */
  readonly activation?: PlainFunction;
  /** Makes the scale. */
  readonly gate: PlainFunction;
}

/** x [N, C, H, W] times a factor of each channel: the gate of two convolutions of the channels' means. */
export function squeezeExcite(
  x: Tensor,
  { reduce, expand }: { readonly reduce: Conv2d; readonly expand: Conv2d },
  { activation = relu, gate }: SqueezeExciteOptions,
  trace: Trace,
): Tensor {
  const inner = activation(reduce.forward(globalAvgPool2d(x), trace));
  return mul(x, gate(expand.forward(inner, trace)));
}

/** Squeeze-and-excitation of two 1×1 convolutions, `fc1` and `fc2`, torchvision's `SqueezeExcitation`. */
export class ConvSqueezeExcite extends Layer {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;

  constructor(
    channels: number,
    squeezed: number,
    private readonly options: SqueezeExciteOptions,
  ) {
    super();
    const conv = (from: number, to: number): Conv2d =>
      new Conv2d(from, to, 1, {
        weightInit: normalInit(fanOutDeviation(to, 1)),
        biasInit: constantInit(0),
      });
    this.fc1 = conv(channels, squeezed);
    this.fc2 = conv(squeezed, channels);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return squeezeExcite(x, { reduce: this.fc1, expand: this.fc2 }, this.options, trace);
  }
}
