/**
 * MobileNetV3 (Howard et al., "Searching for MobileNetV3", 2019), as torchvision has it, with torchvision's names of
 * modules.
 */
import { add, hsigmoid, hswish, relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Dropout, Linear } from '../nn/layers.js';
import { constantInit, normalInit } from '../nn/parameter.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { ConvSqueezeExcite, convNorm, makeDivisible } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { type MobileNetV3Row, type MobileNetV3Variant, STEM, variantOf } from './mobilenetV3Rows.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

/** TensorFlow's epsilon and momentum, as torchvision has them. */
const norm = (channels: number): BatchNorm2d => new BatchNorm2d(channels, 0.001, 0.01);

/** 1×1 up unless the width stays, depthwise, squeeze-and-excitation, 1×1 down; added to its input where the shape stays. */
class InvertedResidual extends Layer {
  readonly block: Sequential;
  private readonly residual: boolean;

  constructor(inChannels: number, [kernel, hidden, channels, se, hs, stride]: MobileNetV3Row) {
    super();
    const activation = hs ? hswish : relu;
    this.block = new Sequential([
      ...(hidden === inChannels ? [] : [convNorm(inChannels, hidden, 1, { activation, norm })]),
      convNorm(hidden, hidden, kernel, { stride, groups: hidden, activation, norm }),
      ...(se ? [new ConvSqueezeExcite(hidden, makeDivisible(hidden / 4), { gate: hsigmoid })] : []),
      convNorm(hidden, channels, 1, { norm }),
    ]);
    this.residual = stride === 1 && inChannels === channels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const y = this.block.forward(x, trace);
    return this.residual ? add(x, y) : y;
  }
}

function linear(inFeatures: number, outFeatures: number): Linear {
  return new Linear(inFeatures, outFeatures, { weight: normalInit(0.01), bias: constantInit(0) });
}

/** MobileNetV3; its features are the output of the last 1×1 block, after h-swish, before pooling. */
export class MobileNetV3 extends Model {
  override readonly classifierEntries = ['classifier.3.weight', 'classifier.3.bias'];
  readonly features: Sequential;
  readonly classifier: Sequential;
  private readonly stages: readonly Layer[];

  /** @param dropout its probability before the classifier */
  constructor(config: ModelConfig, { rows, last }: MobileNetV3Variant, dropout: number) {
    super(config);
    const parts: Layer[] = [convNorm(this.channels, STEM, 3, { stride: 2, activation: hswish, norm })];
    let channels = STEM;
    for (const row of rows) {
      parts.push(new InvertedResidual(channels, row));
      channels = row[2];
    }
    parts.push(convNorm(channels, 6 * channels, 1, { activation: hswish, norm }));
    this.stages = parts;
    this.features = new Sequential(parts);
    this.classifier = new Sequential([
      linear(6 * channels, last),
      hswish,
      new Dropout(dropout, 'classifier.2'),
      linear(last, config.classes),
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

const declaration = { imageSize: 224, leastImageSize: 32, classes: 1000 };

/** torchvision's mobilenet_v3_small and mobilenet_v3_large. */
export const mobilenetV3 = defineFamily({
  title: 'MobileNetV3 (torchvision)',
  models: { mobilenet_v3_small: declaration, mobilenet_v3_large: declaration },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) => new MobileNetV3(config, variantOf(config.name), dropout),
});
