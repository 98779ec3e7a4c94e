/**
 * RepVGG (Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", 2021), as timm has it, with timm's names of modules. It
 * trains with branches, which evaluation and an exported ONNX model join into one 3×3 convolution each (`graph/joinBranches`).
 */
import { add, relu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Dropout, Linear } from '../nn/layers.js';
import { constantInit, normalInit } from '../nn/parameter.js';
import { NamedSequential, Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { defineFamily, dropoutOption } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';
import { timmConv } from './timmLayers.js';

/** Channels and blocks of the stages; the first block of each has stride 2. */
const STAGES = [
  [48, 2],
  [96, 4],
  [192, 14],
  [1280, 1],
] as const;
const STEM = 48;
const HEAD = 1280;
const style = { activation: relu };

/** Batch normalisation with timm's initial values of this model. */
const norm = (channels: number): BatchNorm2d =>
  new BatchNorm2d(channels, 1e-5, 0.1, { weight: normalInit(0.1, 0.1), bias: normalInit(0.1) });

/** Convolution and batch normalisation. */
function branch(inChannels: number, outChannels: number, kernel: number, stride: number): NamedSequential {
  return new NamedSequential(
    new Map<string, Layer>([
      ['conv', timmConv(inChannels, outChannels, kernel, { stride }, style)],
      ['bn', norm(outChannels)],
    ]),
  );
}

/** The sum of a 3×3 and a 1×1 convolution and, where the shape stays, the normalised input; then ReLU. */
class RepVggBlock extends Layer {
  readonly identity: BatchNorm2d | undefined;
  readonly conv_kxk: NamedSequential;
  readonly conv_1x1: NamedSequential;

  constructor(inChannels: number, outChannels: number, stride: number) {
    super();
    this.identity = stride === 1 && inChannels === outChannels ? norm(outChannels) : undefined;
    this.conv_kxk = branch(inChannels, outChannels, 3, stride);
    this.conv_1x1 = branch(inChannels, outChannels, 1, stride);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const y = add(this.conv_1x1.forward(x, trace), this.conv_kxk.forward(x, trace));
    return relu(this.identity ? add(y, this.identity.forward(x, trace)) : y);
  }
}

function stages(): Sequential[] {
  let inChannels = STEM;
  return STAGES.map(([channels, count]) => {
    const blocks = Array.from({ length: count }, (_, i) => {
      const block = new RepVggBlock(inChannels, channels, i === 0 ? 2 : 1);
      inChannels = channels;
      return block;
    });
    return new Sequential(blocks);
  });
}

/** RepVGG; its features are the output of the last stage, after ReLU, before pooling. */
export class RepVgg extends Model {
  override readonly classifierEntries = ['head.fc.weight', 'head.fc.bias'];
  readonly stem: RepVggBlock;
  readonly stages: Sequential;
  readonly head: NamedSequential;
  private readonly sequence: readonly Sequential[];
  private readonly dropout: Dropout;

  /** @param dropout its probability before the classifier */
  constructor(config: ModelConfig, dropout: number) {
    super(config);
    this.stem = new RepVggBlock(this.channels, STEM, 2);
    this.sequence = stages();
    this.stages = new Sequential(this.sequence);
    const classifier = new Linear(HEAD, config.classes, { weight: normalInit(0.01), bias: constantInit(0) });
    this.head = new NamedSequential(new Map([['fc', classifier]]));
    this.dropout = new Dropout(dropout, 'dropout');
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    let x = trace.mark('stem', this.stem.forward(images, trace));
    this.sequence.forEach((stage, i) => {
      x = trace.mark(`stages.${i}`, stage.forward(x, trace));
    });
    const pooled = this.dropout.forward(flatten(globalAvgPool2d(x)), trace);
    return { logits: this.head.forward(pooled, trace), features: x };
  }
}

/** timm's repvgg_a0. */
export const repvgg = defineFamily({
  title: 'RepVGG (timm)',
  models: { repvgg_a0: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0) },
  create: (config, { dropout }) => new RepVgg(config, dropout),
});
