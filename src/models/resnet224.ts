/**
 * ResNets for ImageNet (He et al., "Deep Residual Learning", 2015), as torchvision has them: a 7×7 stem of stride 2 and
 * maximum pooling, bottlenecks with the stride in their 3×3. Names of modules are torchvision's, which timm shares.
 */
import { add, relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d, maxPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, type Conv2d, Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { convNorm, heConv } from './convBlocks.js';
import { defineFamily } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

/** A 1×1 convolution in the input's place where its shape changes. */
function downsampling(inChannels: number, outChannels: number, stride: number): Sequential | undefined {
  if (stride === 1 && inChannels === outChannels) return undefined;
  return convNorm(inChannels, outChannels, 1, { stride });
}

/** Two 3×3 convolutions, added to the input. */
class BasicBlock extends Layer {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Sequential | undefined;

  constructor(inChannels: number, width: number, stride: number) {
    super();
    this.conv1 = heConv(inChannels, width, 3, { stride });
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = heConv(width, width, 3);
    this.bn2 = new BatchNorm2d(width);
    this.downsample = downsampling(inChannels, width, stride);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const inner = relu(this.bn1.forward(this.conv1.forward(x, trace), trace));
    const residual = this.bn2.forward(this.conv2.forward(inner, trace), trace);
    return relu(add(residual, this.downsample?.forward(x, trace) ?? x));
  }
}

/** 1×1 down, 3×3, 1×1 up to four times the width, added to the input. */
class Bottleneck extends Layer {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Sequential | undefined;

  constructor(inChannels: number, width: number, stride: number) {
    super();
    this.conv1 = heConv(inChannels, width, 1);
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = heConv(width, width, 3, { stride });
    this.bn2 = new BatchNorm2d(width);
    this.conv3 = heConv(width, 4 * width, 1);
    this.bn3 = new BatchNorm2d(4 * width);
    this.downsample = downsampling(inChannels, 4 * width, stride);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const reduced = relu(this.bn1.forward(this.conv1.forward(x, trace), trace));
    const inner = relu(this.bn2.forward(this.conv2.forward(reduced, trace), trace));
    const residual = this.bn3.forward(this.conv3.forward(inner, trace), trace);
    return relu(add(residual, this.downsample?.forward(x, trace) ?? x));
  }
}

/** Block, its output's channels per width, and the blocks of each stage. */
const VARIANTS = {
  resnet18_224: { Block: BasicBlock, expansion: 1, blocks: [2, 2, 2, 2] },
  resnet34_224: { Block: BasicBlock, expansion: 1, blocks: [3, 4, 6, 3] },
  resnet50_224: { Block: Bottleneck, expansion: 4, blocks: [3, 4, 6, 3] },
} as const;
type Variant = (typeof VARIANTS)[keyof typeof VARIANTS];

const STEM = 64;

function stage({ Block, expansion, blocks }: Variant, index: number): Sequential {
  const width = STEM * 2 ** index;
  const inChannels = index === 0 ? STEM : (width / 2) * expansion;
  return new Sequential(
    Array.from({ length: blocks[index]! }, (_, i) =>
      i === 0 ? new Block(inChannels, width, index === 0 ? 1 : 2) : new Block(width * expansion, width, 1),
    ),
  );
}

/** A ResNet with ImageNet's stem; its features are the output of `layer4`, after ReLU. */
export class ResNet224 extends Model {
  override readonly classifierEntries = ['fc.weight', 'fc.bias'];
  readonly conv1: Conv2d;
  readonly bn1 = new BatchNorm2d(STEM);
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear;

  constructor(config: ModelConfig, variant: Variant) {
    super(config);
    this.conv1 = heConv(this.channels, STEM, 7, { stride: 2 });
    this.layer1 = stage(variant, 0);
    this.layer2 = stage(variant, 1);
    this.layer3 = stage(variant, 2);
    this.layer4 = stage(variant, 3);
    this.fc = new Linear(8 * STEM * variant.expansion, config.classes);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const stem = relu(this.bn1.forward(this.conv1.forward(images, trace), trace));
    let x = trace.mark('stem', maxPool2d(stem, 3, { stride: 2, padding: 1 }));
    for (const name of ['layer1', 'layer2', 'layer3', 'layer4'] as const)
      x = trace.mark(name, this[name].forward(x, trace));
    return { logits: this.fc.forward(flatten(globalAvgPool2d(x)), trace), features: x };
  }
}

const declaration = { imageSize: 224, leastImageSize: 32, classes: 1000 };

/** torchvision's resnet18, resnet34 and resnet50; `resnet18` without the suffix is the one for 32 pixels. */
export const resnet224 = defineFamily({
  title: 'ResNet (torchvision)',
  models: { resnet18_224: declaration, resnet34_224: declaration, resnet50_224: declaration },
  options: {},
  create: (config) => new ResNet224(config, VARIANTS[config.name as keyof typeof VARIANTS]),
});
