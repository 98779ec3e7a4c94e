/**
 * GhostNet (Han et al., "GhostNet: More Features from Cheap Operations", 2020), as timm has it, with timm's names of modules.
 */
import { add, relu } from '../graph/ops/elementwise.js';
import { concat } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import type { BatchNorm2d, Conv2d } from '../nn/layers.js';
import { type PlainFunction, Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { makeDivisible } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { TimmSqueezeExcite, timmConv, timmConvNorm, timmNorm } from './timmLayers.js';
import { TimmMobileNet } from './timmMobileNet.js';

/** Kernel, hidden channels, output channels, squeeze-and-excitation, stride. */
type Row = readonly [kernel: number, hidden: number, channels: number, se: boolean, stride: number];

const STAGES: readonly (readonly Row[])[] = [
  [[3, 16, 16, false, 1]],
  [[3, 48, 24, false, 2]],
  [[3, 72, 24, false, 1]],
  [[5, 72, 40, true, 2]],
  [[5, 120, 40, true, 1]],
  [[3, 240, 80, false, 2]],
  [
    [3, 200, 80, false, 1],
    [3, 184, 80, false, 1],
    [3, 184, 80, false, 1],
    [3, 480, 112, true, 1],
    [3, 672, 112, true, 1],
  ],
  [[5, 672, 160, true, 2]],
  [
    [5, 960, 160, false, 1],
    [5, 960, 160, true, 1],
    [5, 960, 160, false, 1],
    [5, 960, 160, true, 1],
  ],
];
const STEM = 16;
const LAST = 960;
const HEAD = 1280;
const style = { activation: relu, init: 'pytorch' } as const;

/** Convolution, batch normalisation and what follows. */
function convNorm(conv: Conv2d, channels: number, rest: readonly PlainFunction[] = []): Sequential {
  return new Sequential([conv, timmNorm(channels, style), ...rest]);
}

/** Half of the channels by a 1×1 convolution, the others from these by a depthwise one. */
class GhostModule extends Layer {
  readonly primary_conv: Sequential;
  readonly cheap_operation: Sequential;

  constructor(inChannels: number, outChannels: number, activations: readonly PlainFunction[]) {
    super();
    const half = outChannels / 2;
    this.primary_conv = convNorm(timmConv(inChannels, half, 1, {}, style), half, activations);
    this.cheap_operation = convNorm(timmConv(half, half, 3, { groups: half }, style), half, activations);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const primary = this.primary_conv.forward(x, trace);
    return concat([primary, this.cheap_operation.forward(primary, trace)], 1);
  }
}

/** The input in the block's output shape: itself, or depthwise and 1×1. */
function shortcut(inChannels: number, [kernel, , outChannels, , stride]: Row): Sequential {
  if (stride === 1 && inChannels === outChannels) return new Sequential([]);
  return new Sequential([
    timmConv(inChannels, inChannels, kernel, { stride, groups: inChannels }, style),
    timmNorm(inChannels, style),
    timmConv(inChannels, outChannels, 1, {}, style),
    timmNorm(outChannels, style),
  ]);
}

/** Ghost module up, depthwise where the stride is 2, ghost module down, added to the shortcut. */
class GhostBottleneck extends Layer {
  readonly ghost1: GhostModule;
  readonly conv_dw: Conv2d | undefined;
  readonly bn_dw: BatchNorm2d | undefined;
  readonly se: TimmSqueezeExcite | undefined;
  readonly ghost2: GhostModule;
  readonly shortcut: Sequential;

  constructor(inChannels: number, row: Row) {
    super();
    const [kernel, hidden, outChannels, se, stride] = row;
    this.ghost1 = new GhostModule(inChannels, hidden, [relu]);
    if (stride > 1) {
      this.conv_dw = timmConv(hidden, hidden, kernel, { stride, groups: hidden }, style);
      this.bn_dw = timmNorm(hidden, style);
    }
    this.se = se ? new TimmSqueezeExcite(hidden, makeDivisible(hidden / 4, 4), style) : undefined;
    this.ghost2 = new GhostModule(hidden, outChannels, []);
    this.shortcut = shortcut(inChannels, row);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const wide = this.ghost1.forward(x, trace);
    const strided = this.bn_dw?.forward(this.conv_dw?.forward(wide, trace) ?? wide, trace) ?? wide;
    const scaled = this.se?.forward(strided, trace) ?? strided;
    return add(this.ghost2.forward(scaled, trace), this.shortcut.forward(x, trace));
  }
}

function stages(): Sequential[] {
  let channels = STEM;
  const made = STAGES.map((rows) => {
    const layers = rows.map((row) => {
      const block = new GhostBottleneck(channels, row);
      channels = row[2];
      return block;
    });
    return new Sequential(layers);
  });
  const last = { inChannels: channels, outChannels: LAST, kernel: 1, norm: 'bn1', activation: relu };
  return [...made, new Sequential([timmConvNorm(last, style)])];
}

/** timm's ghostnet_100. */
export const ghostnet = defineFamily({
  title: 'GhostNet (timm)',
  models: { ghostnet_100: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) =>
    new TimmMobileNet(
      config,
      { stem: STEM, stages: stages(), channels: LAST, head: HEAD, headJoins: 'previous', dropout },
      style,
    ),
});
