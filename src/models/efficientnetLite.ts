/**
 * EfficientNet-Lite (Google, "Higher accuracy on vision models with EfficientNet-Lite", 2020), as timm has it, with timm's names of
 * modules. `efficientnet_lite0` to `4` have PyTorch's padding, `tf_efficientnet_lite0` to `4` TensorFlow's, as the
 * original weights need it.
 */
import { relu6 } from '../graph/ops/elementwise.js';
import { globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import type { Layer } from '../nn/layer.js';
import { type BatchNorm2d, type Conv2d, Dropout, type Linear } from '../nn/layers.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { makeDivisible } from './convBlocks.js';
import { efficientnetLiteNames } from './efficientnetLiteNames.js';
import { HEAD, STAGES, STEM } from './efficientnetStages.js';
import { defineFamily, dropoutOption, type ModelDeclaration } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';
import { DepthwiseSeparable, TimmInvertedResidual } from './timmBlocks.js';
import { type TimmStyle, timmClassifier, timmConv, timmNorm } from './timmLayers.js';

/** Multipliers of width and depth, height and width of images. */
const SIZES = [
  [1, 1, 224],
  [1, 1.1, 240],
  [1.1, 1.2, 260],
  [1.2, 1.4, 300],
  [1.4, 1.8, 380],
] as const;

/** A stage's blocks. */
function stage(
  { inChannels, outChannels }: { readonly inChannels: number; readonly outChannels: number },
  [expansion, kernel, stride, , blocks]: readonly [number, number, number, number, number],
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

function stages(width: number, depth: number, style: TimmStyle): { blocks: Sequential[]; channels: number } {
  let inChannels = STEM;
  const blocks = STAGES.map(([expansion, kernel, stride, channels, count], i) => {
    const outChannels = makeDivisible(channels * width);
    const scaled = i === 0 || i === STAGES.length - 1 ? count : Math.ceil(count * depth);
    const made = stage({ inChannels, outChannels }, [expansion, kernel, stride, channels, scaled], style);
    inChannels = outChannels;
    return made;
  });
  return { blocks, channels: inChannels };
}

/** EfficientNet-Lite; its features are the output of the last 1×1 convolution `conv_head`, after ReLU6, before pooling. */
export class EfficientNetLite extends Model {
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

  /** @param dropout its probability before the classifier */
  constructor(config: ModelConfig, [width, depth]: readonly [number, number, number], dropout: number) {
    super(config);
    const style = { activation: relu6, tensorflow: config.name.startsWith('tf_') };
    const { blocks, channels } = stages(width, depth, style);
    this.conv_stem = timmConv(this.channels, STEM, 3, { stride: 2 }, style);
    this.bn1 = timmNorm(STEM, style);
    this.stages = blocks;
    this.blocks = new Sequential(blocks);
    this.conv_head = timmConv(channels, HEAD, 1, {}, style);
    this.bn2 = timmNorm(HEAD, style);
    this.classifier = timmClassifier(HEAD, config.classes, style);
    this.dropout = new Dropout(dropout, 'dropout');
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    let x = relu6(this.bn1.forward(this.conv_stem.forward(images, trace), trace));
    trace.mark('conv_stem', x);
    this.stages.forEach((stage, i) => {
      x = trace.mark(`blocks.${i}`, stage.forward(x, trace));
    });
    const features = relu6(this.bn2.forward(this.conv_head.forward(x, trace), trace));
    trace.mark('conv_head', features);
    const pooled = this.dropout.forward(flatten(globalAvgPool2d(features)), trace);
    return { logits: this.classifier.forward(pooled, trace), features };
  }
}

/** lite0 to lite4 with a prefix. */
function variants<const P extends string>(
  prefix: P,
  rest: Pick<ModelDeclaration, 'otherNames'> = {},
): Record<`${P}${0 | 1 | 2 | 3 | 4}`, ModelDeclaration> {
  const entries = SIZES.map(([, , imageSize], i) => [
    `${prefix}${i}`,
    { imageSize, leastImageSize: 32, classes: 1000, ...rest },
  ]);
  return Object.fromEntries(entries) as Record<`${P}${0 | 1 | 2 | 3 | 4}`, ModelDeclaration>;
}

/** timm's efficientnet_lite0 to efficientnet_lite4, and tf_efficientnet_lite0 to tf_efficientnet_lite4. */
export const efficientnetLite = defineFamily({
  title: 'EfficientNet-Lite (timm)',
  models: {
    ...variants('efficientnet_lite'),
    ...variants('tf_efficientnet_lite', { otherNames: efficientnetLiteNames }),
  },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) => new EfficientNetLite(config, SIZES[Number(config.name.at(-1))]!, dropout),
});
