/**
 * MnasNet-B1 (Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", 2018), as torchvision has it,
 * with torchvision's names of modules.
 */
import { add, relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Dropout, Linear } from '../nn/layers.js';
import { constantInit, symmetricUniformInit } from '../nn/parameter.js';
import { type PlainFunction, Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { heConv } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { FIRST, HEAD, STAGES, STEM } from './mnasnetStages.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

type Part = Layer | PlainFunction;

/** TensorFlow's momentum, as torchvision has it. */
const norm = (channels: number): BatchNorm2d => new BatchNorm2d(channels, 1e-5, 1 - 0.9997);

/** 1×1 convolution and batch normalisation. */
const pointwise = (from: number, to: number): Part[] => [heConv(from, to, 1), norm(to)];

/** Depthwise convolution, batch normalisation, ReLU. */
const depthwise = (channels: number, kernel: number, stride: number): Part[] => [
  heConv(channels, channels, kernel, { stride, groups: channels }),
  norm(channels),
  relu,
];

/** 1×1 up, depthwise, 1×1 down; added to its input where the shape stays. */
class InvertedResidual extends Layer {
  readonly layers: Sequential;
  private readonly residual: boolean;

  constructor(inChannels: number, outChannels: number, expansion: number, kernel: number, stride: number) {
    super();
    const hidden = inChannels * expansion;
    this.layers = new Sequential([
      ...pointwise(inChannels, hidden),
      relu,
      ...depthwise(hidden, kernel, stride),
      ...pointwise(hidden, outChannels),
    ]);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const y = this.layers.forward(x, trace);
    return this.residual ? add(x, y) : y;
  }
}

/** Blocks of the six stages. */
function stages(): Sequential[] {
  let channels = FIRST;
  return STAGES.map(([expansion, kernel, stride, outChannels, blocks]) => {
    const first = new InvertedResidual(channels, outChannels, expansion, kernel, stride);
    channels = outChannels;
    const others = Array.from(
      { length: blocks - 1 },
      () => new InvertedResidual(outChannels, outChannels, expansion, kernel, 1),
    );
    return new Sequential([first, ...others]);
  });
}

/** MnasNet; its features are the output of the last 1×1 block, `layers.16`, after ReLU, before pooling. */
export class MnasNet extends Model {
  override readonly classifierEntries = ['classifier.1.weight', 'classifier.1.bias'];
  readonly layers: Sequential;
  readonly classifier: Sequential;

  /** @param dropout its probability before the classifier */
  constructor(config: ModelConfig, dropout: number) {
    super(config);
    this.layers = new Sequential([
      heConv(this.channels, STEM, 3, { stride: 2 }),
      norm(STEM),
      relu,
      ...depthwise(STEM, 3, 1),
      ...pointwise(STEM, FIRST),
      ...stages(),
      ...pointwise(STAGES.at(-1)![3], HEAD),
      relu,
    ]);
    const weight = symmetricUniformInit(Math.sqrt(3 / config.classes));
    this.classifier = new Sequential([
      new Dropout(dropout, 'classifier.0'),
      new Linear(HEAD, config.classes, { weight, bias: constantInit(0) }),
    ]);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const features = trace.mark('layers', this.layers.forward(images, trace));
    return { logits: this.classifier.forward(flatten(globalAvgPool2d(features)), trace), features };
  }
}

/** torchvision's mnasnet1_0. */
export const mnasnet = defineFamily({
  title: 'MnasNet (torchvision)',
  models: { mnasnet1_0: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) => new MnasNet(config, dropout),
});
