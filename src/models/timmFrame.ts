/** What timm's mobile models have in common: a stem, stages, and a linear classifier after a last 1×1 convolution. */
import type { Tensor } from '../graph/tensor.js';
import type { BatchNorm2d, Conv2d } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { Model, type ModelConfig } from './model.js';
import { type TimmStyle, timmConv, timmNorm } from './timmLayers.js';

/** A model that begins with timm's stem and stages. */
export abstract class TimmFrame extends Model {
  override readonly classifierEntries = ['classifier.weight', 'classifier.bias'];
  readonly conv_stem: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly blocks: Sequential;

  /** @param stem its channels */
  constructor(
    config: ModelConfig,
    stem: number,
    private readonly stages: readonly Sequential[],
    protected readonly style: TimmStyle,
  ) {
    super(config);
    this.conv_stem = timmConv(this.channels, stem, 3, { stride: 2 }, style);
    this.bn1 = timmNorm(stem, style);
    this.blocks = new Sequential(stages);
  }

  /** The output of the last stage. */
  protected throughStages(images: Tensor, trace: Trace): Tensor {
    let x = this.style.activation(this.bn1.forward(this.conv_stem.forward(images, trace), trace));
    trace.mark('conv_stem', x);
    this.stages.forEach((stage, i) => {
      x = trace.mark(`blocks.${i}`, stage.forward(x, trace));
    });
    return x;
  }
}
