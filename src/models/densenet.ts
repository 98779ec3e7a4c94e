/**
 * DenseNet121 for small images (Huang et al., "Densely Connected Convolutional Networks", 2016,
 * DenseNet-BC), as in the bias loss's published code: a stem of 64 without pooling, growth 32,
 * compression 0.5. Modules have PyTorch's names, for its checkpoints.
 */
import { relu } from '../graph/ops/elementwise.js';
import { avgPool2d, globalAvgPool2d } from '../graph/ops/pooling.js';
import { concat, flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, Linear } from '../nn/layers.js';
import { NamedSequential, Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

const GROWTH = 32;
const BLOCKS = [6, 12, 24, 16];
const STEM = 64;

/** BN-ReLU-1×1-BN-ReLU-3×3, whose `GROWTH` channels are appended to the input. */
class Bottleneck extends Layer {
  readonly bottle_neck: Sequential;

  constructor(inChannels: number) {
    super();
    const inner = 4 * GROWTH;
    this.bottle_neck = new Sequential([
      new BatchNorm2d(inChannels),
      relu,
      new Conv2d(inChannels, inner, 1, { bias: false }),
      new BatchNorm2d(inner),
      relu,
      new Conv2d(inner, GROWTH, 3, { bias: false }),
    ]);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return concat([x, this.bottle_neck.forward(x, trace)], 1);
  }
}

/** BN-1×1-average pooling, without a ReLU: halves channels and size. */
class Transition extends Layer {
  readonly down_sample: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    const convolution = new Conv2d(inChannels, outChannels, 1, { bias: false });
    this.down_sample = new Sequential([new BatchNorm2d(inChannels), convolution, (x) => avgPool2d(x, 2)]);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return this.down_sample.forward(x, trace);
  }
}

function denseBlock(inChannels: number, count: number): NamedSequential {
  const layers = Array.from({ length: count }, (_, i) => new Bottleneck(inChannels + i * GROWTH));
  return new NamedSequential(new Map(layers.map((layer, i) => [`bottle_neck_layer_${i}`, layer])));
}

/** Dense blocks with transitions between them, and the number of channels at the end. */
function buildFeatures(): { layers: Map<string, Layer>; channels: number } {
  const layers = new Map<string, Layer>();
  let channels = STEM;
  BLOCKS.forEach((count, i) => {
    const last = i === BLOCKS.length - 1;
    layers.set(last ? `dense_block${i}` : `dense_block_layer_${i}`, denseBlock(channels, count));
    channels += count * GROWTH;
    if (last) return;
    layers.set(`transition_layer_${i}`, new Transition(channels, channels / 2));
    channels /= 2;
  });
  return { layers, channels };
}

/** DenseNet121; its features are the output of the last dense block, before the last BN-ReLU. */
export class DenseNet121 extends Model {
  override readonly classifierEntries = ['linear.weight', 'linear.bias'];
  readonly conv1: Conv2d;
  readonly features: NamedSequential;
  readonly featuresadd_modulebn: BatchNorm2d;
  readonly linear: Linear;
  private readonly stages: ReadonlyMap<string, Layer>;

  constructor(config: ModelConfig) {
    super(config);
    this.conv1 = new Conv2d(this.channels, STEM, 3, { bias: false });
    const { layers, channels } = buildFeatures();
    this.stages = layers;
    this.features = new NamedSequential(layers);
    this.featuresadd_modulebn = new BatchNorm2d(channels);
    this.linear = new Linear(channels, config.classes);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    let x = trace.mark('stem', this.conv1.forward(images, trace));
    for (const [name, layer] of this.stages) x = trace.mark(name, layer.forward(x, trace));
    const last = relu(this.featuresadd_modulebn.forward(x, trace));
    return { logits: this.linear.forward(flatten(globalAvgPool2d(last)), trace), features: x };
  }
}

/** DenseNet121 for images of 32 pixels. */
export const densenet = defineFamily({
  title: 'DenseNet for 32 pixels (the bias loss’s published code)',
  models: { densenet121: { imageSize: 32, leastImageSize: 8, classes: 100 } },
  options: {},
  create: (config) => new DenseNet121(config),
});
