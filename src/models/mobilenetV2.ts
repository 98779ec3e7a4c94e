/**
 * MobileNetV2 (Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018), as torchvision has it,
 * with torchvision's names of modules.
 */
import { add, relu6 } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Dropout, Linear } from '../nn/layers.js';
import { constantInit, normalInit } from '../nn/parameter.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { convNorm, heConv } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';
import { timmNames } from './timmNames.js';

/** Expansion, output channels, blocks, stride of the first. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
const STEM = 32;
const HEAD = 1280;
const activation = relu6;

/** 1×1 up unless the expansion is 1, depthwise 3×3, 1×1 down; added to its input where the shape stays. */
class InvertedResidual extends Layer {
  readonly conv: Sequential;
  private readonly residual: boolean;

  constructor(inChannels: number, outChannels: number, expansion: number, stride: number) {
    super();
    const hidden = inChannels * expansion;
    this.conv = new Sequential([
      ...(expansion === 1 ? [] : [convNorm(inChannels, hidden, 1, { activation })]),
      convNorm(hidden, hidden, 3, { stride, groups: hidden, activation }),
      heConv(hidden, outChannels, 1),
      new BatchNorm2d(outChannels),
    ]);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const y = this.conv.forward(x, trace);
    return this.residual ? add(x, y) : y;
  }
}

/** MobileNetV2; its features are the output of the last 1×1 block, `features.18`, after ReLU6, before pooling. */
export class MobileNetV2 extends Model {
  override readonly classifierEntries = ['classifier.1.weight', 'classifier.1.bias'];
  override readonly joinedParts = { previous: ['features.18'] };
  readonly features: Sequential;
  readonly classifier: Sequential;
  private readonly stages: readonly Layer[];

  /** @param dropout its probability before the classifier */
  constructor(config: ModelConfig, dropout: number) {
    super(config);
    const parts: Layer[] = [convNorm(this.channels, STEM, 3, { stride: 2, activation })];
    let channels = STEM;
    for (const [expansion, outChannels, blocks, stride] of STAGES) {
      for (let i = 0; i < blocks; i++) {
        parts.push(new InvertedResidual(channels, outChannels, expansion, i === 0 ? stride : 1));
        channels = outChannels;
      }
    }
    parts.push(convNorm(channels, HEAD, 1, { activation }));
    this.stages = parts;
    this.features = new Sequential(parts);
    this.classifier = new Sequential([
      new Dropout(dropout, 'classifier.0'),
      new Linear(HEAD, config.classes, { weight: normalInit(0.01), bias: constantInit(0) }),
    ]);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    let x = images;
    this.stages.forEach((part, i) => {
      x = trace.mark(`features.${i}`, part.forward(x, trace));
    });
    return { logits: this.classifier.forward(flatten(globalAvgPool2d(x)), trace), features: x };
  }
}

/** timm's names, of mobilenetv2_100. */
const otherNames = timmNames({ depths: STAGES.map(([, , blocks]) => blocks) });

/** torchvision's mobilenet_v2. */
export const mobilenetV2 = defineFamily({
  title: 'MobileNetV2 (torchvision)',
  models: { mobilenet_v2: { imageSize: 224, leastImageSize: 32, classes: 1000, otherNames } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) => new MobileNetV2(config, dropout),
});
