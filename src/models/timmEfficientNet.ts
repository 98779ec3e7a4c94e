/** timm's `EfficientNet` as a frame: stem, stages, and a last 1×1 convolution before the pooling. */
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import type { Layer } from '../nn/layer.js';
import { type BatchNorm2d, type Conv2d, Dropout, type Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';
import { DepthwiseSeparable, TimmInvertedResidual } from './timmBlocks.js';
import { type TimmStyle, timmClassifier, timmConv, timmNorm } from './timmLayers.js';

/** A stage: expansion, kernel, stride of the first block, output channels, blocks. */
export type TimmStage = readonly [
  expansion: number,
  kernel: number,
  stride: number,
  channels: number,
  blocks: number,
];

/** What a model of this frame is made of. */
export interface TimmEfficientNetParts {
  /** Channels of the stem. */
  readonly stem: number;
  readonly stages: readonly TimmStage[];
  /** Channels of the last convolution. */
  readonly head: number;
  /** Probability of dropout before the classifier. */
  readonly dropout: number;
}

/** A stage's blocks. */
function stage(
  inChannels: number,
  [expansion, kernel, stride, outChannels, blocks]: TimmStage,
  style: TimmStyle,
): Sequential {
  const layers = Array.from({ length: blocks }, (_, i): Layer => {
    const from = i === 0 ? inChannels : outChannels;
    const shape = { inChannels: from, outChannels, kernel, stride: i === 0 ? stride : 1 };
    return expansion === 1
      ? new DepthwiseSeparable(shape, style)
      : new TimmInvertedResidual({ ...shape, hidden: from * expansion }, style);
  });
  return new Sequential(layers);
}

/** A model of timm's; its features are the output of the last 1×1 convolution `conv_head`, after the activation, before pooling. */
export class TimmEfficientNet extends Model {
  override readonly classifierEntries = ['classifier.weight', 'classifier.bias'];
  override readonly joinedParts = { previous: ['conv_head'] };
  readonly conv_stem: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly blocks: Sequential;
  readonly conv_head: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly classifier: Linear;
  private readonly stages: readonly Sequential[];
  private readonly dropout: Dropout;

  constructor(
    config: ModelConfig,
    { stem, stages, head, dropout }: TimmEfficientNetParts,
    private readonly style: TimmStyle,
  ) {
    super(config);
    let channels = stem;
    this.stages = stages.map((row) => {
      const made = stage(channels, row, style);
      channels = row[3];
      return made;
    });
    this.conv_stem = timmConv(this.channels, stem, 3, { stride: 2 }, style);
    this.bn1 = timmNorm(stem, style);
    this.blocks = new Sequential(this.stages);
    this.conv_head = timmConv(channels, head, 1, {}, style);
    this.bn2 = timmNorm(head, style);
    this.classifier = timmClassifier(head, config.classes, style);
    this.dropout = new Dropout(dropout, 'dropout');
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const { activation } = this.style;
    let x = activation(this.bn1.forward(this.conv_stem.forward(images, trace), trace));
    trace.mark('conv_stem', x);
    this.stages.forEach((stage, i) => {
      x = trace.mark(`blocks.${i}`, stage.forward(x, trace));
    });
    const features = activation(this.bn2.forward(this.conv_head.forward(x, trace), trace));
    trace.mark('conv_head', features);
    const pooled = this.dropout.forward(flatten(globalAvgPool2d(features)), trace);
    return { logits: this.classifier.forward(pooled, trace), features };
  }
}
