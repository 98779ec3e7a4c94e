/**
 * DenseNet121 for ImageNet (Huang et al., "Densely Connected Convolutional Networks", 2016), as torchvision has it: a 7×7
 * stem of stride 2 and maximum pooling, transitions with ReLU. Names of modules are torchvision's, which timm shares.
 */
import { relu } from '../graph/ops/elementwise.js';
import { avgPool2d, globalAvgPool2d, maxPool2d } from '../graph/ops/pooling.js';
import { concat, flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, Linear } from '../nn/layers.js';
import { Module } from '../nn/module.js';
import { constantInit, normalInit } from '../nn/parameter.js';
import { NamedSequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

const GROWTH = 32;
const BLOCKS = [6, 12, 24, 16];
const STEM = 64;
/** Channels after the last dense block. */
const CHANNELS = 1024;

/** A convolution without a bias, initialised as PyTorch's `kaiming_normal_`. */
function conv(inChannels: number, outChannels: number, kernel: number, stride = 1): Conv2d {
  const weightInit = normalInit(Math.sqrt(2 / (inChannels * kernel * kernel)));
  return new Conv2d(inChannels, outChannels, kernel, { stride, bias: false, weightInit });
}

/** BN-ReLU-1×1-BN-ReLU-3×3, whose `GROWTH` channels are appended to the input. */
class DenseLayer extends Layer {
  readonly norm1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;

  constructor(inChannels: number) {
    super();
    const inner = 4 * GROWTH;
    this.norm1 = new BatchNorm2d(inChannels);
    this.conv1 = conv(inChannels, inner, 1);
    this.norm2 = new BatchNorm2d(inner);
    this.conv2 = conv(inner, GROWTH, 3);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const inner = this.conv1.forward(relu(this.norm1.forward(x, trace)), trace);
    return concat([x, this.conv2.forward(relu(this.norm2.forward(inner, trace)), trace)], 1);
  }
}

/** BN-ReLU-1×1-average pooling: halves channels and size. */
class Transition extends Layer {
  readonly norm: BatchNorm2d;
  readonly conv: Conv2d;

  constructor(inChannels: number) {
    super();
    this.norm = new BatchNorm2d(inChannels);
    this.conv = conv(inChannels, inChannels / 2, 1);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return avgPool2d(this.conv.forward(relu(this.norm.forward(x, trace)), trace), 2);
  }
}

/** Everything before the classifier's BN-ReLU is `body`; `norm5` is that BN. */
class Features extends Module {
  readonly norm5: BatchNorm2d;
  readonly body: ReadonlyMap<string, Layer>;

  constructor(imageChannels: number) {
    super();
    const body = new Map<string, Layer>([
      ['conv0', conv(imageChannels, STEM, 7, 2)],
      ['norm0', new BatchNorm2d(STEM)],
    ]);
    let channels = STEM;
    BLOCKS.forEach((count, i) => {
      const layers = Array.from({ length: count }, (_, j) => new DenseLayer(channels + j * GROWTH));
      const named = new Map(layers.map((layer, j) => [`denselayer${j + 1}`, layer]));
      body.set(`denseblock${i + 1}`, new NamedSequential(named));
      channels += count * GROWTH;
      if (i === BLOCKS.length - 1) return;
      body.set(`transition${i + 1}`, new Transition(channels));
      channels /= 2;
    });
    this.body = body;
    this.norm5 = new BatchNorm2d(CHANNELS);
  }

  override parts(prefix = ''): string[][] {
    return this.childParts(prefix);
  }

  protected override children(): [string, Layer][] {
    return [...this.body, ['norm5', this.norm5]];
  }
}

/** DenseNet121 with ImageNet's stem; its features are the output of the last dense block, before the last BN-ReLU. */
export class DenseNet224 extends Model {
  override readonly classifierEntries = ['classifier.weight', 'classifier.bias'];
  override readonly joinedParts = {
    previous: BLOCKS.slice(1).map((_, i) => `features.transition${i + 1}`),
    classifier: ['features.norm5'],
  };
  readonly features: Features;
  readonly classifier: Linear;

  constructor(config: ModelConfig) {
    super(config);
    this.features = new Features(this.channels);
    this.classifier = new Linear(CHANNELS, config.classes, { bias: constantInit(0) });
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const { body, norm5 } = this.features;
    let x = images;
    for (const [name, layer] of body) {
      x = layer.forward(x, trace);
      if (name === 'norm0') x = maxPool2d(relu(x), 3, { stride: 2, padding: 1 });
      if (name !== 'conv0') trace.mark(name === 'norm0' ? 'stem' : name, x);
    }
    const last = relu(norm5.forward(x, trace));
    return { logits: this.classifier.forward(flatten(globalAvgPool2d(last)), trace), features: x };
  }
}

/** In torchvision's published file the parts of a dense layer have a dot before their number: `denselayer1.norm.1.weight`. */
function publishedNames(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    names.map((name) => [name.replace(/(denselayer\d+\.(?:norm|conv))([12]\.)/, '$1.$2'), name]),
  );
}

/** torchvision's densenet121; `densenet121` without the suffix is the one for 32 pixels. */
export const densenet224 = defineFamily({
  title: 'DenseNet (torchvision)',
  models: {
    densenet121_224: { imageSize: 224, leastImageSize: 32, classes: 1000, otherNames: publishedNames },
  },
  options: {},
  create: (config) => new DenseNet224(config),
});
