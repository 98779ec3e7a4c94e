/**
 * SqueezeNet 1.1 (Iandola et al., "SqueezeNet", 2016), as torchvision has it: no batch normalisation, and a convolution
 * as classifier. Names of modules are torchvision's.
 */
import { relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d, maxPool2d } from '../graph/ops/pooling.js';
import { concat, flatten, pad } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { Conv2d, type Conv2dLayerOptions, Dropout } from '../nn/layers.js';
import { constantInit, normalInit, symmetricUniformInit } from '../nn/parameter.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily, dropoutOption } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

const STEM = 64;
/** Squeezed channels and half of the output's of each fire module; `pool` is maximum pooling. */
const MODULES = [
  'pool',
  [16, 64],
  [16, 64],
  'pool',
  [32, 128],
  [32, 128],
  'pool',
  [48, 192],
  [48, 192],
  [64, 256],
  [64, 256],
] as const;

function conv(
  inChannels: number,
  outChannels: number,
  kernel: number,
  {
    weightInit = symmetricUniformInit(Math.sqrt(6 / (inChannels * kernel * kernel))),
    ...options
  }: Conv2dLayerOptions = {},
): Conv2d {
  return new Conv2d(inChannels, outChannels, kernel, { ...options, weightInit, biasInit: constantInit(0) });
}

/**
 * Maximum pooling 3×3 of stride 2 whose last window may reach beyond the border (PyTorch's `ceil_mode`). Its input
 * comes from ReLU, so that zeros there change no maximum.
 */
function poolCeil(x: Tensor): Tensor {
  let padded = x;
  for (const axis of [2, 3]) if ((x.shape[axis]! - 3) % 2 !== 0) padded = pad(padded, axis, 0, 1);
  return maxPool2d(padded, 3, { stride: 2 });
}

/** A 1×1 convolution down, then 1×1 and 3×3 beside each other. */
class Fire extends Layer {
  readonly squeeze: Conv2d;
  readonly expand1x1: Conv2d;
  readonly expand3x3: Conv2d;

  constructor(inChannels: number, squeezed: number, expanded: number) {
    super();
    this.squeeze = conv(inChannels, squeezed, 1);
    this.expand1x1 = conv(squeezed, expanded, 1);
    this.expand3x3 = conv(squeezed, expanded, 3);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const squeezed = relu(this.squeeze.forward(x, trace));
    return concat(
      [relu(this.expand1x1.forward(squeezed, trace)), relu(this.expand3x3.forward(squeezed, trace))],
      1,
    );
  }
}

/** SqueezeNet 1.1; its features are the output of the last fire module, `features.12`, before the classifier's convolution. */
export class SqueezeNet extends Model {
  override readonly classifierEntries = ['classifier.1.weight', 'classifier.1.bias'];
  readonly features: Sequential;
  readonly classifier: Sequential;

  /** @param dropout its probability before the classifier */
  constructor(config: ModelConfig, dropout: number) {
    super(config);
    let channels = STEM;
    const modules = MODULES.map((module) => {
      if (module === 'pool') return poolCeil;
      const [squeezed, expanded] = module;
      const fire = new Fire(channels, squeezed, expanded);
      channels = 2 * expanded;
      return fire;
    });
    this.features = new Sequential([
      conv(this.channels, STEM, 3, { stride: 2, padding: 0 }),
      relu,
      ...modules,
    ]);
    this.classifier = new Sequential([
      new Dropout(dropout, 'classifier.0'),
      conv(channels, config.classes, 1, { weightInit: normalInit(0.01) }),
      relu,
      globalAvgPool2d,
    ]);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const features = trace.mark('features', this.features.forward(images, trace));
    return { logits: flatten(this.classifier.forward(features, trace)), features };
  }
}

/** torchvision's squeezenet1_1. */
export const squeezenet = defineFamily({
  title: 'SqueezeNet (torchvision)',
  models: { squeezenet1_1: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.5) },
  create: (config, { dropout }) => new SqueezeNet(config, dropout),
});
