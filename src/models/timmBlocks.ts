/** Blocks of timm's EfficientNet-like models, with timm's names and initial values. */
import { add } from '../graph/ops/elementwise.js';
import { pad } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, type Conv2dLayerOptions, Linear } from '../nn/layers.js';
import { constantInit, normalInit, symmetricUniformInit } from '../nn/parameter.js';
import type { PlainFunction } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';

/** What the layers of a model have in common. */
export interface TimmStyle {
  readonly activation: PlainFunction;
  /** TensorFlow's rules: SAME padding, which at stride 2 puts the odd zero after the image, and its epsilon. Default false. */
  readonly tensorflow?: boolean;
}

/** Shape of a {@link timmConv}. */
export interface TimmConvOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly groups?: number;
}

/** A convolution with TensorFlow's SAME padding: ⌈size/stride⌉ pixels come out, and the odd zero is after the image. */
class SameConv2d extends Conv2d {
  constructor(
    inChannels: number,
    outChannels: number,
    private readonly kernel: number,
    private readonly options: Conv2dLayerOptions,
  ) {
    super(inChannels, outChannels, kernel, { ...options, padding: 0 });
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const { stride = 1 } = this.options;
    const padded = [2, 3].reduce((y, axis) => {
      const size = x.shape[axis]!;
      const missing = Math.max((Math.ceil(size / stride) - 1) * stride + this.kernel - size, 0);
      const before = Math.floor(missing / 2);
      return pad(y, axis, before, missing - before);
    }, x);
    return super.forward(padded, trace);
  }
}

/** A convolution without a bias that keeps the size at stride 1. */
export function timmConv(
  inChannels: number,
  outChannels: number,
  kernel: number,
  { stride = 1, groups = 1 }: TimmConvOptions,
  { tensorflow = false }: TimmStyle,
): Conv2d {
  const fanOut = (kernel * kernel * outChannels) / groups;
  const options = { stride, groups, bias: false, weightInit: normalInit(Math.sqrt(2 / fanOut)) };
  return tensorflow && stride > 1
    ? new SameConv2d(inChannels, outChannels, kernel, options)
    : new Conv2d(inChannels, outChannels, kernel, options);
}

/** Batch normalisation with PyTorch's epsilon or TensorFlow's. */
export function timmNorm(channels: number, { tensorflow = false }: TimmStyle): BatchNorm2d {
  return tensorflow ? new BatchNorm2d(channels, 1e-3) : new BatchNorm2d(channels);
}

/** The last layer, whose initial values are uniform in ±1/√classes. */
export function timmClassifier(features: number, classes: number): Linear {
  return new Linear(features, classes, {
    weight: symmetricUniformInit(1 / Math.sqrt(classes)),
    bias: constantInit(0),
  });
}

/** Shape of a block. */
export interface TimmBlockShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  /** Channels of the depthwise convolution. */
  readonly hidden: number;
}

/** Depthwise, 1×1; added to its input where the shape stays: timm's `DepthwiseSeparableConv`. */
export class DepthwiseSeparable extends Layer {
  readonly conv_dw: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv_pw: Conv2d;
  readonly bn2: BatchNorm2d;
  private readonly residual: boolean;

  constructor(
    { inChannels, outChannels, kernel, stride }: Omit<TimmBlockShape, 'hidden'>,
    private readonly style: TimmStyle,
  ) {
    super();
    this.conv_dw = timmConv(inChannels, inChannels, kernel, { stride, groups: inChannels }, style);
    this.bn1 = timmNorm(inChannels, style);
    this.conv_pw = timmConv(inChannels, outChannels, 1, {}, style);
    this.bn2 = timmNorm(outChannels, style);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const { activation } = this.style;
    const deep = activation(this.bn1.forward(this.conv_dw.forward(x, trace), trace));
    const y = this.bn2.forward(this.conv_pw.forward(deep, trace), trace);
    return this.residual ? add(y, x) : y;
  }
}

/** 1×1 up, depthwise, 1×1 down; added to its input where the shape stays: timm's `InvertedResidual`. */
export class TimmInvertedResidual extends Layer {
  readonly conv_pw: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv_dw: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv_pwl: Conv2d;
  readonly bn3: BatchNorm2d;
  private readonly residual: boolean;

  constructor(
    { inChannels, outChannels, kernel, stride, hidden }: TimmBlockShape,
    private readonly style: TimmStyle,
  ) {
    super();
    this.conv_pw = timmConv(inChannels, hidden, 1, {}, style);
    this.bn1 = timmNorm(hidden, style);
    this.conv_dw = timmConv(hidden, hidden, kernel, { stride, groups: hidden }, style);
    this.bn2 = timmNorm(hidden, style);
    this.conv_pwl = timmConv(hidden, outChannels, 1, {}, style);
    this.bn3 = timmNorm(outChannels, style);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const { activation } = this.style;
    const wide = activation(this.bn1.forward(this.conv_pw.forward(x, trace), trace));
    const deep = activation(this.bn2.forward(this.conv_dw.forward(wide, trace), trace));
    const y = this.bn3.forward(this.conv_pwl.forward(deep, trace), trace);
    return this.residual ? add(y, x) : y;
  }
}
