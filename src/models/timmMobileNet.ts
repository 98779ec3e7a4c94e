/** timm's `MobileNetV3` as a frame: stem, stages, and a head whose 1×1 convolution follows the pooling. */
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { type BatchNorm2d, type Conv2d, Dropout, type Linear } from '../nn/layers.js';
import type { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import type { JoinedParts, ModelConfig, ModelOutput } from './model.js';
import { TimmFrame } from './timmFrame.js';
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
export class TimmMobileNet extends TimmFrame {
  override readonly joinedParts: JoinedParts;
  readonly conv_head: Conv2d;
  readonly norm_head: BatchNorm2d | undefined;
  readonly classifier: Linear;
  private readonly dropout: Dropout;

  constructor(
    config: ModelConfig,
    { stem, stages, channels, head, headNorm = false, headJoins = 'classifier', dropout }: TimmMobileNetParts,
    style: TimmStyle,
  ) {
    super(config, stem, stages, style);
    const joined = ['conv_head'];
    this.joinedParts = headJoins === 'classifier' ? { classifier: joined } : { previous: joined };
    this.conv_head = headNorm
      ? timmConv(channels, head, 1, {}, style)
      : timmBiasedConv(channels, head, style);
    this.norm_head = headNorm ? timmNorm(head, style) : undefined;
    this.classifier = timmClassifier(head, config.classes, style);
    this.dropout = new Dropout(dropout, 'dropout');
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const x = this.throughStages(images, trace);
    const wide = this.conv_head.forward(globalAvgPool2d(x), trace);
    const hidden = this.style.activation(this.norm_head?.forward(wide, trace) ?? wide);
    trace.mark('conv_head', hidden);
    const dropped = this.dropout.forward(flatten(hidden), trace);
    return { logits: this.classifier.forward(dropped, trace), features: x };
  }
}
