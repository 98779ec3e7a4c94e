/**
 * ShuffleNetV2 for small images (Ma et al., "ShuffleNet V2", 2018), as in the bias loss's published
 * code: a stride-1 stem of 24 without an activation, every convolution with a bias, and stride-2
 * units that keep their input's width until their last 1×1. Modules have PyTorch's names, for its
 * checkpoints.
 */
import { relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { channelShuffle, concat, flatten, slice } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily, oneOf } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

/** Channels of stages 2, 3 and 4 and of conv5, by ratio. */
const WIDTHS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '0.5': [48, 96, 192, 1024],
  '1': [116, 232, 464, 1024],
  '1.5': [176, 352, 704, 1024],
  '2': [244, 488, 976, 2048],
};
const STEM = 24;
/** Units after the first of stages 2, 3 and 4. */
const REPEATS = [3, 7, 3];

const depthwise = (channels: number, stride: number): Conv2d =>
  new Conv2d(channels, channels, 3, { stride, groups: channels });

/** 1×1-BN-ReLU, depthwise 3×3-BN, 1×1-BN-ReLU. */
function residualBranch(inChannels: number, outChannels: number, stride: number): Sequential {
  return new Sequential([
    new Conv2d(inChannels, inChannels, 1),
    new BatchNorm2d(inChannels),
    relu,
    depthwise(inChannels, stride),
    new BatchNorm2d(inChannels),
    new Conv2d(inChannels, outChannels, 1),
    new BatchNorm2d(outChannels),
    relu,
  ]);
}

/** A unit of stride 2: both branches get the whole input, and each produces half of the output's channels. */
class DownUnit extends Layer {
  readonly residual: Sequential;
  readonly shortcut: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    const half = outChannels / 2;
    this.residual = residualBranch(inChannels, half, 2);
    this.shortcut = new Sequential([
      depthwise(inChannels, 2),
      new BatchNorm2d(inChannels),
      new Conv2d(inChannels, half, 1),
      new BatchNorm2d(half),
      relu,
    ]);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return channelShuffle(concat([this.shortcut.forward(x, trace), this.residual.forward(x, trace)], 1), 2);
  }
}

/** A unit of stride 1: the first half of the channels passes, the second goes through the branch. */
class SplitUnit extends Layer {
  readonly residual: Sequential;

  constructor(private readonly channels: number) {
    super();
    this.residual = residualBranch(channels / 2, channels / 2, 1);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const half = this.channels / 2;
    const passed = slice(x, 1, 0, half);
    return channelShuffle(
      concat([passed, this.residual.forward(slice(x, 1, half, this.channels), trace)], 1),
      2,
    );
  }
}

function stage(inChannels: number, outChannels: number, repeats: number): Sequential {
  return new Sequential([
    new DownUnit(inChannels, outChannels),
    ...Array.from({ length: repeats }, () => new SplitUnit(outChannels)),
  ]);
}

/** ShuffleNetV2; its features are the output of `conv5`, after ReLU. */
export class ShuffleNetV2 extends Model {
  override readonly classifierEntries = ['fc.weight', 'fc.bias'];
  readonly pre: Sequential;
  readonly stage2: Sequential;
  readonly stage3: Sequential;
  readonly stage4: Sequential;
  readonly conv5: Sequential;
  readonly fc: Linear;

  /** @param ratio channel multiplier: 0.5, 1, 1.5 or 2 */
  constructor(config: ModelConfig, ratio: number) {
    super(config);
    const [c2, c3, c4, c5] = WIDTHS[String(ratio)]!;
    this.pre = new Sequential([new Conv2d(this.channels, STEM, 3), new BatchNorm2d(STEM)]);
    this.stage2 = stage(STEM, c2, REPEATS[0]!);
    this.stage3 = stage(c2, c3, REPEATS[1]!);
    this.stage4 = stage(c3, c4, REPEATS[2]!);
    this.conv5 = new Sequential([new Conv2d(c4, c5, 1), new BatchNorm2d(c5), relu]);
    this.fc = new Linear(c5, config.classes);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    let x = images;
    for (const name of ['pre', 'stage2', 'stage3', 'stage4', 'conv5'] as const) {
      x = trace.mark(name, this[name].forward(x, trace));
    }
    return { logits: this.fc.forward(flatten(globalAvgPool2d(x)), trace), features: x };
  }
}

/** ShuffleNetV2 for images of 32 pixels. */
export const shufflenet = defineFamily({
  title: 'ShuffleNetV2 for 32 pixels (the bias loss’s published code)',
  models: { shufflenetv2: { imageSize: 32, leastImageSize: 8, classes: 100 } },
  options: { ratio: { help: 'channel multiplier', standard: 1, ...oneOf([0.5, 1, 1.5, 2]) } },
  create: (config, { ratio }) => new ShuffleNetV2(config, ratio),
});
