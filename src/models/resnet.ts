/**
 * ResNet18 for small images (He et al., "Deep Residual Learning", 2015), as in the bias loss's published
 * code: a 3×3 stem of 64 without pooling. Modules have PyTorch's names, for its checkpoints.
 */
import { add, relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

/** Two 3×3 convolutions, added to the input; a 1×1 convolution of the input if the shape changes. */
class BasicBlock extends Layer {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly shortcut: Sequential;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inChannels, channels, 3, { stride, bias: false });
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { bias: false });
    this.bn2 = new BatchNorm2d(channels);
    const same = stride === 1 && inChannels === channels;
    this.shortcut = new Sequential(
      same ? [] : [new Conv2d(inChannels, channels, 1, { stride, bias: false }), new BatchNorm2d(channels)],
    );
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const inner = relu(this.bn1.forward(this.conv1.forward(x, trace), trace));
    const residual = this.bn2.forward(this.conv2.forward(inner, trace), trace);
    return relu(add(residual, this.shortcut.forward(x, trace)));
  }
}

/** Channels and stride of the four stages, each of two blocks. */
const STAGES = [
  [64, 1],
  [128, 2],
  [256, 2],
  [512, 2],
] as const;

function stage(index: number): Sequential {
  const [channels, stride] = STAGES[index]!;
  const inChannels = STAGES[index - 1]?.[0] ?? 64;
  return new Sequential([
    new BasicBlock(inChannels, channels, stride),
    new BasicBlock(channels, channels, 1),
  ]);
}

/** ResNet18; its features are the output of `layer4`, after ReLU. */
export class ResNet18 extends Model {
  override readonly classifierEntries = ['linear.weight', 'linear.bias'];
  readonly conv1: Conv2d;
  readonly bn1 = new BatchNorm2d(64);
  readonly layer1 = stage(0);
  readonly layer2 = stage(1);
  readonly layer3 = stage(2);
  readonly layer4 = stage(3);
  readonly linear: Linear;

  constructor(config: ModelConfig) {
    super(config);
    this.conv1 = new Conv2d(this.channels, 64, 3, { bias: false });
    this.linear = new Linear(512, config.classes);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    let x = trace.mark('stem', relu(this.bn1.forward(this.conv1.forward(images, trace), trace)));
    for (const name of ['layer1', 'layer2', 'layer3', 'layer4'] as const)
      x = trace.mark(name, this[name].forward(x, trace));
    return { logits: this.linear.forward(flatten(globalAvgPool2d(x)), trace), features: x };
  }
}

/** ResNet18 for images of 32 pixels. */
export const resnet = defineFamily({
  title: 'ResNet for 32 pixels (the bias loss’s published code)',
  models: { resnet18: { imageSize: 32, leastImageSize: 8, classes: 100 } },
  options: {},
  create: (config) => new ResNet18(config),
});
