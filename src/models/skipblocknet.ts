/**
 * SkipblockNet ("Bias Loss for Mobile Neural Networks", 2021, section 4): MobileNetV3-like inverted
 * residuals and two skip blocks that carry the first block's features to later ones. Modules have the
 * published code's names, for its checkpoints. Unlike that code, skip blocks read the first block's
 * real width, so that every width works.
 */
import { add, hsigmoid, hswish, mul, relu } from '../graph/ops/elementwise.js';
import { adaptiveAvgPool2d, globalAvgPool2d } from '../graph/ops/pooling.js';
import { flatten, reshape } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { Layer } from '../nn/layer.js';
import { BatchNorm2d, Conv2d, Dropout, Linear } from '../nn/layers.js';
import { constantInit, normalInit } from '../nn/parameter.js';
import { Sequential } from '../nn/sequential.js';
import type { Trace } from '../nn/trace.js';
import { makeDivisible } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { Model, type ModelConfig, type ModelOutput } from './model.js';

/** Kernel, expansion, output channels, squeeze-and-excitation, h-swish (else ReLU), stride. */
type Row = readonly [
  kernel: number,
  expansion: number,
  channels: number,
  se: boolean,
  hs: boolean,
  stride: number,
];

const BASE: Row = [3, 1, 16, false, true, 1];
/** The four block lists; skip blocks feed the second and the third. */
const BLOCKS: readonly (readonly Row[])[] = [
  [
    [3, 4, 24, false, false, 2],
    [3, 3, 24, false, false, 1],
    [5, 3, 40, true, false, 2],
    [5, 3, 40, true, false, 1],
    [5, 6, 40, true, true, 1],
  ],
  [
    [3, 6, 80, false, true, 2],
    [3, 2.5, 80, false, true, 1],
    [3, 2.3, 80, false, true, 1],
    [3, 2.3, 80, false, true, 1],
  ],
  [
    [3, 6, 112, true, true, 1],
    [3, 6, 112, true, true, 1],
  ],
  [
    [5, 6, 160, true, true, 2],
    [5, 6, 160, true, true, 1],
    [5, 6, 160, true, true, 1],
  ],
];
const STEM = 16;
const HEAD = 1280;

/** Widths of the published variants (paper, table 1). */
export const skipblockNetVariants = { xs: 0.5, s: 0.75, m: 1, l: 1.25 } as const;

function conv(inChannels: number, outChannels: number, kernel: number, stride = 1, groups = 1): Conv2d {
  const weightInit = normalInit(Math.sqrt(2 / (kernel * kernel * outChannels)));
  return new Conv2d(inChannels, outChannels, kernel, { stride, groups, bias: false, weightInit });
}

function linear(inFeatures: number, outFeatures: number): Linear {
  return new Linear(inFeatures, outFeatures, { weight: normalInit(0.01), bias: constantInit(0) });
}

/** Squeeze-and-excitation: channels scaled by h-sigmoid(linear(ReLU(linear(global average)))). */
class SqueezeExcite extends Layer {
  readonly fc: Sequential;

  constructor(channels: number) {
    super();
    const squeezed = makeDivisible(channels / 4);
    this.fc = new Sequential([linear(channels, squeezed), relu, linear(squeezed, channels), hsigmoid]);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const scale = this.fc.forward(flatten(globalAvgPool2d(x)), trace);
    return mul(x, reshape(scale, [...scale.shape, 1, 1]));
  }
}

/** Inverted residual: 1×1 to the hidden width, depthwise, squeeze-and-excitation, 1×1 down; added to its input if the shape is the same. */
class InvertedResidual extends Layer {
  readonly conv: Sequential;
  private readonly residual: boolean;

  constructor(inChannels: number, outChannels: number, [kernel, expansion, , se, hs, stride]: Row) {
    super();
    const hidden = makeDivisible(inChannels * expansion);
    const activation = hs ? hswish : relu;
    this.conv = new Sequential([
      conv(inChannels, hidden, 1),
      new BatchNorm2d(hidden),
      activation,
      conv(hidden, hidden, kernel, stride, hidden),
      new BatchNorm2d(hidden),
      activation,
      se ? new SqueezeExcite(hidden) : (x) => x,
      conv(hidden, outChannels, 1),
      new BatchNorm2d(outChannels),
    ]);
    this.residual = stride === 1 && inChannels === outChannels;
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    const y = this.conv.forward(x, trace);
    return this.residual ? add(x, y) : y;
  }
}

/** Skip block (paper, figure 4): the first block's features, pooled to a later size and brought to its width. */
class SkipBlock extends Layer {
  readonly core_block: Sequential;

  constructor(inChannels: number, outChannels: number, expansion: number, kernel: number) {
    super();
    const hidden = makeDivisible(inChannels * expansion);
    this.core_block = new Sequential([
      conv(inChannels, hidden, 1),
      new BatchNorm2d(hidden),
      relu,
      conv(hidden, hidden, kernel, 1, hidden),
      new BatchNorm2d(hidden),
      relu,
      conv(hidden, outChannels, 1),
      new BatchNorm2d(outChannels),
    ]);
  }

  override forward(x: Tensor, trace: Trace): Tensor {
    return this.core_block.forward(x, trace);
  }

  /** The block's output at the size of `target`, added to it. */
  addTo(target: Tensor, source: Tensor, trace: Trace): Tensor {
    const pooled = adaptiveAvgPool2d(source, [target.shape[2]!, target.shape[3]!]);
    return add(target, this.forward(pooled, trace));
  }
}

/** SkipblockNet; its features are the output of the last 1×1 block, after h-swish, before pooling. */
export class SkipblockNet extends Model {
  override readonly classifierEntries = ['classifier.3.weight', 'classifier.3.bias'];
  readonly first_layer: Sequential;
  readonly base_block: InvertedResidual;
  readonly blocks: Sequential;
  readonly skip1: SkipBlock;
  readonly skip2: SkipBlock;
  readonly conv: Sequential;
  readonly classifier: Sequential;
  private readonly lists: readonly Sequential[];

  /**
   * @param width channel multiplier
   * @param dropout its probability before the last linear layer
   */
  constructor(config: ModelConfig, { width, dropout }: { readonly width: number; readonly dropout: number }) {
    super(config);
    const scaled = (channels: number): number => makeDivisible(channels * width);
    const stem = scaled(STEM);
    this.first_layer = new Sequential([conv(this.channels, stem, 3, 2), new BatchNorm2d(stem), hswish]);
    const base = scaled(BASE[2]);
    this.base_block = new InvertedResidual(stem, base, BASE);
    let channels = base;
    this.lists = BLOCKS.map(
      (rows) =>
        new Sequential(
          rows.map((row) => {
            const block = new InvertedResidual(channels, scaled(row[2]), row);
            channels = scaled(row[2]);
            return block;
          }),
        ),
    );
    this.blocks = new Sequential(this.lists);
    this.skip1 = new SkipBlock(base, scaled(40), 6, 5);
    this.skip2 = new SkipBlock(base, scaled(80), 2.3, 3);
    const last = makeDivisible(channels * 6);
    this.conv = new Sequential([conv(channels, last, 1), new BatchNorm2d(last), hswish]);
    this.classifier = new Sequential([
      linear(last, HEAD),
      hswish,
      new Dropout(dropout, 'classifier.2'),
      linear(HEAD, config.classes),
    ]);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const stem = trace.mark('first_layer', this.first_layer.forward(images, trace));
    const base = trace.mark('base_block', this.base_block.forward(stem, trace));
    let x = base;
    this.lists.forEach((list, i) => {
      if (i === 1) x = this.skip1.addTo(x, base, trace);
      if (i === 2) x = this.skip2.addTo(x, base, trace);
      x = trace.mark(`blocks.${i}`, list.forward(x, trace));
    });
    const features = trace.mark('conv', this.conv.forward(x, trace));
    return { logits: this.classifier.forward(flatten(globalAvgPool2d(features)), trace), features };
  }
}

/** The paper's multiply-adds in millions by width at 224 pixels (table 1). */
const PAPER_MACS: Readonly<Record<string, number>> = { '0.5': 80, '0.75': 150, '1': 246, '1.25': 365 };

/** SkipblockNet, whose published sizes are XS, S, M and L. */
export const skipblocknet = defineFamily({
  title: 'SkipblockNet (the bias loss’s paper)',
  models: { skipblocknet: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: {
    width: {
      help: 'channel multiplier',
      standard: 1,
      expected: 'above 0 and at most 8',
      holds: (value) => value > 0 && value <= 8,
      names: skipblockNetVariants,
      recognised: Object.values(skipblockNetVariants),
    },
    dropout: dropoutOption('probability of dropout before the classifier', 0.2),
  },
  create: (config, options) => new SkipblockNet(config, options),
  published: ({ imageSize }, { width }) => {
    const macs = imageSize === 224 ? PAPER_MACS[String(width)] : undefined;
    return macs === undefined ? undefined : `the paper says about ${macs} million for this width`;
  },
});
