/** timm's `MobileNetV3` as a frame: stem, stages, and a head whose 1×1 convolution follows the pooling. */
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { type BatchNorm2d, type Conv2d, Dropout, type Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { type JoinedParts, Model, type ModelConfig, type ModelOutput } from './model.js';
import { type TimmStyle, timmBiasedConv, timmClassifier, timmConv, timmNorm } from './timmLayers.js';

/** What a model of this frame is made of. */
export interface TimmMobileNetParts {
  /** Channels of the stem. */
  readonly stem: number;
  readonly stages: readonly Sequential[];
  /** Channels after the stages. */
  readonly channels: number;
  /** Channels of the convolution after the pooling. */
  readonly head: number;
  /** Whether that convolution has a batch normalisation in place of a bias. Default false. */
  readonly headNorm?: boolean;
  /** What layer decay joins that convolution with. Default: the classifier. */
  readonly headJoins?: keyof JoinedParts;
  /** Probability of dropout before the classifier. */
  readonly dropout: number;
}

/** A mobile model of timm's; its features are the output of the last stage, before pooling. */
export class TimmMobileNet extends Model {
  override readonly classifierEntries = ['classifier.weight', 'classifier.bias'];
  override readonly joinedParts: JoinedParts;
  readonly conv_stem: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly blocks: Sequential;
  readonly conv_head: Conv2d;
  readonly norm_head: BatchNorm2d | undefined;
  readonly classifier: Linear;
  private readonly stages: readonly Sequential[];
  private readonly dropout: Dropout;

  constructor(
    config: ModelConfig,
    { stem, stages, channels, head, headNorm = false, headJoins = 'classifier', dropout }: TimmMobileNetParts,
    private readonly style: TimmStyle,
  ) {
    super(config);
    const joined = ['conv_head'];
    this.joinedParts = headJoins === 'classifier' ? { classifier: joined } : { previous: joined };
    this.conv_stem = timmConv(this.channels, stem, 3, { stride: 2 }, style);
    this.bn1 = timmNorm(stem, style);
    this.stages = stages;
    this.blocks = new Sequential(stages);
    this.conv_head = headNorm
      ? timmConv(channels, head, 1, {}, style)
      : timmBiasedConv(channels, head, style);
    this.norm_head = headNorm ? timmNorm(head, style) : undefined;
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
    const wide = this.conv_head.forward(globalAvgPool2d(x), trace);
    const hidden = activation(this.norm_head?.forward(wide, trace) ?? wide);
    trace.mark('conv_head', hidden);
    const dropped = this.dropout.forward(flatten(hidden), trace);
    return { logits: this.classifier.forward(dropped, trace), features: x };
  }
}
