/**
 * EfficientNet-B0 (Tan & Le, "EfficientNet: Rethinking Model Scaling", 2019), as torchvision has it, with torchvision's
 * names of modules.
 */
import { add, sigmoid, silu } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { Dropout, Linear } from '../nn/layers.js';
import { constantInit, symmetricUniformInit } from '../nn/parameter.js';
import { Sequential } from '../nn/sequential.js';
import { StochasticDepth } from '../nn/stochasticDepth.js';
import type { Trace } from '../nn/trace.js';
import { ConvSqueezeExcite, convNorm } from './convBlocks.js';
import { HEAD, STAGES, STEM } from './efficientnetStages.js';
import { defineFamily, dropoutOption } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';
import { timmNames } from './timmNames.js';

const BLOCKS = STAGES.reduce((total, stage) => total + stage[4], 0);
const activation = silu;

/** What a block is made of. */
interface BlockShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: number;
}

/** 1×1 up, depthwise, squeeze-and-excitation, 1×1 down; added to its input where the shape stays. */
class MBConv extends Layer {
  readonly block: Sequential;
  private readonly residual: boolean;

  constructor(
    { inChannels, outChannels, expansion, kernel, stride }: BlockShape,
    private readonly depth: StochasticDepth,
  ) {
    super();
    const hidden = inChannels * expansion;
    this.block = new Sequential([
      ...(expansion === 1 ? [] : [convNorm(inChannels, hidden, 1, { activation })]),
      convNorm(hidden, hidden, kernel, { stride, groups: hidden, activation }),
      new ConvSqueezeExcite(hidden, inChannels / 4, { activation, gate: sigmoid }),
      convNorm(hidden, outChannels, 1),
    ]);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return trace.inModule(this, () => {
      const y = this.block.forward(x, trace);
      return this.residual ? add(this.depth.forward(y, trace), x) : y;
    });
  }
}

/** Blocks of the stages; the probability of leaving one out grows linearly with its number. */
function stages(probability: number): Sequential[] {
  let inChannels = STEM;
  let count = 0;
  return STAGES.map(([expansion, kernel, stride, outChannels, blocks], stage) => {
    const layers = Array.from({ length: blocks }, (_, i) => {
      const depth = new StochasticDepth((probability * count) / BLOCKS, `features.${stage + 1}.${i}`);
      const shape = { inChannels, outChannels, expansion, kernel, stride: i === 0 ? stride : 1 };
      inChannels = outChannels;
      count++;
      return new MBConv(shape, depth);
    });
    return new Sequential(layers);
  });
}

/** EfficientNet-B0; its features are the output of the last 1×1 block, `features.8`, after SiLU, before pooling. */
export class EfficientNet extends Model {
  override readonly classifierEntries = ['classifier.1.weight', 'classifier.1.bias'];
  override readonly joinedParts = { previous: [`features.${STAGES.length + 1}`] };
  readonly features: Sequential;
  readonly classifier: Sequential;
  private readonly stages: readonly Layer[];

  /**
   * @param dropout its probability before the classifier
   * @param stochasticDepth p: block i of 16, from 0, is left out for an image with the probability p·i/16
   */
  constructor(config: ModelConfig, dropout: number, stochasticDepth: number) {
    super(config);
    this.stages = [
      convNorm(this.channels, STEM, 3, { stride: 2, activation }),
      ...stages(stochasticDepth),
      convNorm(STAGES.at(-1)![3], HEAD, 1, { activation }),
    ];
    this.features = new Sequential(this.stages);
    const weight = symmetricUniformInit(1 / Math.sqrt(config.classes));
    this.classifier = new Sequential([
      new Dropout(dropout, 'classifier.0'),
      new Linear(HEAD, config.classes, { weight, bias: constantInit(0) }),
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

/** timm's names. */
const otherNames = timmNames({ depths: STAGES.map(([, , , , blocks]) => blocks), excite: true });

/** torchvision's efficientnet_b0. */
export const efficientnet = defineFamily({
  title: 'EfficientNet (torchvision)',
  models: { efficientnet_b0: { imageSize: 224, leastImageSize: 32, classes: 1000, otherNames } },
  options: {
    dropout: dropoutOption('probability of dropout before the classifier', 0.2),
    stochasticDepth: dropoutOption('probability p: block i of 16 is left out with p·i/16', 0.2),
  },
  create: (config, { dropout, stochasticDepth }) => new EfficientNet(config, dropout, stochasticDepth),
});
