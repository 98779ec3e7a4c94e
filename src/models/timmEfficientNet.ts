/** timm's `EfficientNet` as a frame: stem, stages, and a last 1×1 convolution before the pooling. */
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import type { Layer } from '../nn/layer.js';
import { type BatchNorm2d, type Conv2d, Dropout, type Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import type { ModelConfig, ModelOutput } from './model.js';
import { DepthwiseSeparable, TimmInvertedResidual } from './timmBlocks.js';
import { TimmFrame } from './timmFrame.js';
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

/** The blocks of each stage. */
function stagesOf(stem: number, rows: readonly TimmStage[], style: TimmStyle): Sequential[] {
  return rows.map((row, i) => stage(rows[i - 1]?.[3] ?? stem, row, style));
}

/** A model of timm's; its features are the output of the last 1×1 convolution `conv_head`, after the activation, before pooling. */
export class TimmEfficientNet extends TimmFrame {
  override readonly joinedParts = { previous: ['conv_head'] };
  readonly conv_head: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly classifier: Linear;
  private readonly dropout: Dropout;

  constructor(config: ModelConfig, { stem, stages, head, dropout }: TimmEfficientNetParts, style: TimmStyle) {
    super(config, stem, stagesOf(stem, stages, style), style);
    this.conv_head = timmConv(stages.at(-1)![3], head, 1, {}, style);
    this.bn2 = timmNorm(head, style);
    this.classifier = timmClassifier(head, config.classes, style);
    this.dropout = new Dropout(dropout, 'dropout');
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const x = this.throughStages(images, trace);
    const features = this.style.activation(this.bn2.forward(this.conv_head.forward(x, trace), trace));
    trace.mark('conv_head', features);
    const pooled = this.dropout.forward(flatten(globalAvgPool2d(features)), trace);
    return { logits: this.classifier.forward(pooled, trace), features };
  }
}
