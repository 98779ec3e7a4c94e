/** Blocks of timm's mobile models, with timm's names and initial values. */
import { add } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import type { BatchNorm2d, Conv2d } from '../nn/layers.js';
import type { NamedSequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { TimmSqueezeExcite, type TimmStyle, timmConv, timmConvNorm, timmNorm } from './timmLayers.js';

/** Shape of a block. */
export interface TimmBlockShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  /** Channels of the depthwise convolution. */
  readonly hidden: number;
  /** Channels between the two convolutions of squeeze-and-excitation. Default: there is none. */
  readonly squeezed?: number | undefined;
}

/** Shape of {@link DepthwiseSeparable}. */
export interface DepthwiseSeparableShape extends Omit<TimmBlockShape, 'hidden'> {
  /** Activation after the 1×1 convolution, and then no sum with the input. Default false. */
  readonly activated?: boolean;
}

function exciteOf({ hidden, squeezed }: Pick<TimmBlockShape, 'hidden' | 'squeezed'>, style: TimmStyle) {
  return squeezed === undefined ? undefined : new TimmSqueezeExcite(hidden, squeezed, style);
}

/** Depthwise, 1×1; added to its input where the shape stays: timm's `DepthwiseSeparableConv`. */
export class DepthwiseSeparable extends Layer {
  readonly conv_dw: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly se: TimmSqueezeExcite | undefined;
  readonly conv_pw: Conv2d;
  readonly bn2: BatchNorm2d;
  private readonly residual: boolean;
  private readonly activated: boolean;

  constructor(
    { inChannels, outChannels, kernel, stride, squeezed, activated = false }: DepthwiseSeparableShape,
    private readonly style: TimmStyle,
  ) {
    super();
    this.conv_dw = timmConv(inChannels, inChannels, kernel, { stride, groups: inChannels }, style);
    this.bn1 = timmNorm(inChannels, style);
    this.se = exciteOf({ hidden: inChannels, squeezed }, style);
    this.conv_pw = timmConv(inChannels, outChannels, 1, {}, style);
    this.bn2 = timmNorm(outChannels, style);
    this.activated = activated;
    this.residual = !activated && stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const { activation } = this.style;
    const deep = activation(this.bn1.forward(this.conv_dw.forward(x, trace), trace));
    const scaled = this.se?.forward(deep, trace) ?? deep;
    const y = this.bn2.forward(this.conv_pw.forward(scaled, trace), trace);
    if (this.activated) return activation(y);
    return this.residual ? add(y, x) : y;
  }
}

/** 1×1 up, depthwise, 1×1 down; added to its input where the shape stays: timm's `InvertedResidual`. */
export class TimmInvertedResidual extends Layer {
  readonly conv_pw: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv_dw: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly se: TimmSqueezeExcite | undefined;
  readonly conv_pwl: Conv2d;
  readonly bn3: BatchNorm2d;
  private readonly residual: boolean;

  constructor(
    { inChannels, outChannels, kernel, stride, hidden, squeezed }: TimmBlockShape,
    private readonly style: TimmStyle,
  ) {
    super();
    this.conv_pw = timmConv(inChannels, hidden, 1, {}, style);
    this.bn1 = timmNorm(hidden, style);
    this.conv_dw = timmConv(hidden, hidden, kernel, { stride, groups: hidden }, style);
    this.bn2 = timmNorm(hidden, style);
    this.se = exciteOf({ hidden, squeezed }, style);
    this.conv_pwl = timmConv(hidden, outChannels, 1, {}, style);
    this.bn3 = timmNorm(outChannels, style);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const { activation } = this.style;
    const wide = activation(this.bn1.forward(this.conv_pw.forward(x, trace), trace));
    const deep = activation(this.bn2.forward(this.conv_dw.forward(wide, trace), trace));
    const scaled = this.se?.forward(deep, trace) ?? deep;
    const y = this.bn3.forward(this.conv_pwl.forward(scaled, trace), trace);
    return this.residual ? add(y, x) : y;
  }
}

/** Shape of {@link UniversalInvertedBottleneck}. */
export interface UniversalShape extends Omit<TimmBlockShape, 'kernel' | 'squeezed'> {
  /** Kernel of the depthwise convolution before the 1×1 convolutions; 0 for none. */
  readonly start: number;
  /** Kernel of the one between them; 0 for none. One of the two has the stride, this one if there are both. */
  readonly middle: number;
}

/**
 * Depthwise, 1×1 up, depthwise, 1×1 down, each depthwise convolution optional; added to its input where the shape stays:
 * MobileNetV4's universal inverted bottleneck, timm's `UniversalInvertedResidual`.
 */
export class UniversalInvertedBottleneck extends Layer {
  readonly dw_start: NamedSequential | undefined;
  readonly pw_exp: NamedSequential;
  readonly dw_mid: NamedSequential | undefined;
  readonly pw_proj: NamedSequential;
  private readonly residual: boolean;

  constructor({ inChannels, outChannels, hidden, stride, start, middle }: UniversalShape, style: TimmStyle) {
    super();
    const { activation } = style;
    const depthwise = (channels: number, kernel: number) => ({
      inChannels: channels,
      outChannels: channels,
      groups: channels,
      kernel,
    });
    this.dw_start =
      start === 0
        ? undefined
        : timmConvNorm({ ...depthwise(inChannels, start), stride: middle === 0 ? stride : 1 }, style);
    this.pw_exp = timmConvNorm({ inChannels, outChannels: hidden, kernel: 1, activation }, style);
    this.dw_mid =
      middle === 0 ? undefined : timmConvNorm({ ...depthwise(hidden, middle), stride, activation }, style);
    this.pw_proj = timmConvNorm({ inChannels: hidden, outChannels, kernel: 1 }, style);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const wide = this.pw_exp.forward(this.dw_start?.forward(x, trace) ?? x, trace);
    const y = this.pw_proj.forward(this.dw_mid?.forward(wide, trace) ?? wide, trace);
    return this.residual ? add(y, x) : y;
  }
}
