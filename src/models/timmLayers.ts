/** Layers of timm's mobile models, with timm's names and initial values. */
import { hsigmoid } from '../graph/ops/elementwise.js';
import { pad } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, type Conv2dLayerOptions, Linear } from '../nn/layers.js';
import { constantInit, normalInit, symmetricUniformInit } from '../nn/parameter.js';
import { NamedSequential, type PlainFunction } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { squeezeExcite } from './convBlocks.js';

/** What the layers of a model have in common. */
export interface TimmStyle {
  readonly activation: PlainFunction;
  /** TensorFlow's rules: SAME padding, which at stride 2 puts the odd zero after the image, and its epsilon. Default false. */
  readonly tensorflow?: boolean;
  /** Initial values: those of EfficientNet (normal by fan-out, default), or PyTorch's own. */
  readonly init?: 'fanOut' | 'pytorch';
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

/** Initial values of a convolution's weight; PyTorch's own are the layer's default. */
function weightInit(fanOut: number, { init }: TimmStyle): Pick<Conv2dLayerOptions, 'weightInit'> {
  return init === 'pytorch' ? {} : { weightInit: normalInit(Math.sqrt(2 / fanOut)) };
}

/** A convolution without a bias that keeps the size at stride 1. */
export function timmConv(
  inChannels: number,
  outChannels: number,
  kernel: number,
  { stride = 1, groups = 1 }: TimmConvOptions,
  style: TimmStyle,
): Conv2d {
  const fanOut = (kernel * kernel * outChannels) / groups;
  const options = { stride, groups, bias: false, ...weightInit(fanOut, style) };
  return style.tensorflow && stride > 1
    ? new SameConv2d(inChannels, outChannels, kernel, options)
    : new Conv2d(inChannels, outChannels, kernel, options);
}

/** Batch normalisation with PyTorch's epsilon or TensorFlow's. */
export function timmNorm(channels: number, { tensorflow = false }: TimmStyle): BatchNorm2d {
  return tensorflow ? new BatchNorm2d(channels, 1e-3) : new BatchNorm2d(channels);
}

/** A 1×1 convolution with a bias. */
export function timmBiasedConv(inChannels: number, outChannels: number, style: TimmStyle): Conv2d {
  const init = style.init === 'pytorch' ? {} : { biasInit: constantInit(0) };
  return new Conv2d(inChannels, outChannels, 1, { ...weightInit(outChannels, style), ...init });
}

/** The last layer, whose initial values are uniform in ±1/√classes, or PyTorch's own. */
export function timmClassifier(features: number, classes: number, { init }: TimmStyle): Linear {
  if (init === 'pytorch') return new Linear(features, classes);
  return new Linear(features, classes, {
    weight: symmetricUniformInit(1 / Math.sqrt(classes)),
    bias: constantInit(0),
  });
}

/** Shape of {@link timmConvNorm}. */
export interface TimmConvNormShape extends TimmConvOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  /** Name of the normalisation; default `bn`, as in timm's `ConvNormAct`. Its `ConvBnAct` says `bn1`. */
  readonly norm?: string;
  /** Default: none. */
  readonly activation?: PlainFunction;
}

/** Convolution and batch normalisation as parts of one module, `conv` and `bn`. */
export function timmConvNorm(
  { inChannels, outChannels, kernel, norm = 'bn', activation, ...options }: TimmConvNormShape,
  style: TimmStyle,
): NamedSequential {
  return new NamedSequential(
    new Map<string, Layer | PlainFunction>([
      ['conv', timmConv(inChannels, outChannels, kernel, options, style)],
      [norm, timmNorm(outChannels, style)],
      ...(activation ? ([['act', activation]] as const) : []),
    ]),
  );
}

/** Squeeze-and-excitation with ReLU and a hard sigmoid, `conv_reduce` and `conv_expand`: timm's `SqueezeExcite`. */
export class TimmSqueezeExcite extends Layer {
  readonly conv_reduce: Conv2d;
  readonly conv_expand: Conv2d;

  constructor(channels: number, squeezed: number, style: TimmStyle) {
    super();
    this.conv_reduce = timmBiasedConv(channels, squeezed, style);
    this.conv_expand = timmBiasedConv(squeezed, channels, style);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const layers = { reduce: this.conv_reduce, expand: this.conv_expand };
    return squeezeExcite(x, layers, { gate: hsigmoid }, trace);
  }
}
