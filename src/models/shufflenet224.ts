/**
 * ShuffleNetV2 for ImageNet (Ma et al., "ShuffleNet V2", 2018), as torchvision has it: a stem of stride 2 and maximum
 * pooling, convolutions without biases. Names of modules are torchvision's.
 */
import { relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d, maxPool2d } from '../graph/ops/pooling.js';
import { channelShuffle, concat, flatten, slice } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, Linear } from '../nn/layers.js';
import { type PlainFunction, Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

/** Channels of stages 2, 3 and 4 and of conv5. */
const WIDTHS = {
  shufflenet_v2_x0_5: [48, 96, 192, 1024],
  shufflenet_v2_x1_0: [116, 232, 464, 1024],
  shufflenet_v2_x1_5: [176, 352, 704, 1024],
  shufflenet_v2_x2_0: [244, 488, 976, 2048],
} as const;
type Widths = (typeof WIDTHS)[keyof typeof WIDTHS];

const STEM = 24;
/** Units of stages 2, 3 and 4. */
const UNITS = [4, 8, 4] as const;

type Part = Layer | PlainFunction;

/** 1×1 convolution, batch normalisation, ReLU. */
const pointwise = (from: number, to: number): Part[] => [
  new Conv2d(from, to, 1, { bias: false }),
  new BatchNorm2d(to),
  relu,
];

/** Depthwise 3×3 and batch normalisation. */
const depthwise = (channels: number, stride: number): Part[] => [
  new Conv2d(channels, channels, 3, { stride, groups: channels, bias: false }),
  new BatchNorm2d(channels),
];

/**
 * At stride 2 both branches see the whole input; at stride 1 the first half of the channels passes. Each gives half of
 * the output's channels, which are shuffled.
 */
class InvertedResidual extends Layer {
  readonly branch1: Sequential;
  readonly branch2: Sequential;

  constructor(
    private readonly inChannels: number,
    outChannels: number,
    private readonly stride: 1 | 2,
  ) {
    super();
    const half = outChannels / 2;
    this.branch1 = new Sequential(
      stride === 1 ? [] : [...depthwise(inChannels, stride), ...pointwise(inChannels, half)],
    );
    this.branch2 = new Sequential([
      ...pointwise(stride === 1 ? half : inChannels, half),
      ...depthwise(half, stride),
      ...pointwise(half, half),
    ]);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const half = this.inChannels / 2;
    const [left, right] =
      this.stride === 1 ? [slice(x, 1, 0, half), slice(x, 1, half, this.inChannels)] : [x, x];
    const branches = [this.branch1.forward(left, trace), this.branch2.forward(right, trace)] as const;
    return channelShuffle(concat([...branches], 1), 2);
  }
}

function stage(inChannels: number, outChannels: number, units: number): Sequential {
  return new Sequential(
    Array.from({ length: units }, (_, i) =>
      i === 0
        ? new InvertedResidual(inChannels, outChannels, 2)
        : new InvertedResidual(outChannels, outChannels, 1),
    ),
  );
}

/** ShuffleNetV2 with ImageNet's stem; its features are the output of `conv5`, after ReLU. */
export class ShuffleNet224 extends Model {
  override readonly classifierEntries = ['fc.weight', 'fc.bias'];
  readonly conv1: Sequential;
  readonly stage2: Sequential;
  readonly stage3: Sequential;
  readonly stage4: Sequential;
  readonly conv5: Sequential;
  readonly fc: Linear;

  constructor(config: ModelConfig, [c2, c3, c4, c5]: Widths) {
    super(config);
    const stem = new Conv2d(this.channels, STEM, 3, { stride: 2, bias: false });
    this.conv1 = new Sequential([stem, new BatchNorm2d(STEM), relu]);
    this.stage2 = stage(STEM, c2, UNITS[0]);
    this.stage3 = stage(c2, c3, UNITS[1]);
    this.stage4 = stage(c3, c4, UNITS[2]);
    this.conv5 = new Sequential(pointwise(c4, c5));
    this.fc = new Linear(c5, config.classes);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const stem = this.conv1.forward(images, trace);
    let x = trace.mark('stem', maxPool2d(stem, 3, { stride: 2, padding: 1 }));
    for (const name of ['stage2', 'stage3', 'stage4', 'conv5'] as const)
      x = trace.mark(name, this[name].forward(x, trace));
    return { logits: this.fc.forward(flatten(globalAvgPool2d(x)), trace), features: x };
  }
}

const declaration = { imageSize: 224, leastImageSize: 32, classes: 1000 };

/** torchvision's shufflenet_v2_x0_5 to shufflenet_v2_x2_0. */
export const shufflenet224 = defineFamily({
  title: 'ShuffleNetV2 (torchvision)',
  models: {
    shufflenet_v2_x0_5: declaration,
    shufflenet_v2_x1_0: declaration,
    shufflenet_v2_x1_5: declaration,
    shufflenet_v2_x2_0: declaration,
  },
  options: {},
  create: (config) => new ShuffleNet224(config, WIDTHS[config.name as keyof typeof WIDTHS]),
});
