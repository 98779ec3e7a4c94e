/**
 * PP-LCNet (Cui et al., "PP-LCNet: A Lightweight CPU Convolutional Neural Network", 2021), as timm has it, with timm's names
 * of modules.
 */
import { hswish } from '../graph/ops/elementwise.js';
import { Sequential } from '../nn/sequential.js';
import { makeDivisible } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { DepthwiseSeparable } from './timmBlocks.js';
import { TimmMobileNet } from './timmMobileNet.js';

/** Kernel, stride, output channels, squeeze-and-excitation of the blocks of each stage. */
const STAGES: readonly (readonly (readonly [
  kernel: number,
  stride: number,
  channels: number,
  se?: boolean,
])[])[] = [
  [[3, 1, 32]],
  [
    [3, 2, 64],
    [3, 1, 64],
  ],
  [
    [3, 2, 128],
    [3, 1, 128],
  ],
  [
    [3, 2, 256],
    [5, 1, 256],
  ],
  [
    [5, 1, 256],
    [5, 1, 256],
    [5, 1, 256],
    [5, 1, 256],
  ],
  [
    [5, 2, 512, true],
    [5, 1, 512, true],
  ],
];
const STEM = 16;
const WIDTHS = { lcnet_050: 0.5, lcnet_075: 0.75, lcnet_100: 1 } as const;
const HEAD = 1280;
const style = { activation: hswish };

/** Stem and stages of a width, and the channels after them. */
function parts(width: number): { stem: number; stages: Sequential[]; channels: number } {
  const stem = makeDivisible(STEM * width);
  let channels = stem;
  const stages = STAGES.map((blocks) => {
    const layers = blocks.map(([kernel, stride, atFullWidth, se = false]) => {
      const outChannels = makeDivisible(atFullWidth * width);
      const shape = { inChannels: channels, outChannels, kernel, stride, activated: true };
      const squeezed = se ? channels / 4 : undefined;
      channels = outChannels;
      return new DepthwiseSeparable({ ...shape, squeezed }, style);
    });
    return new Sequential(layers);
  });
  return { stem, stages, channels };
}

const declaration = { imageSize: 224, leastImageSize: 32, classes: 1000 } as const;

/** timm's lcnet_050, lcnet_075 and lcnet_100. */
export const lcnet = defineFamily({
  title: 'PP-LCNet (timm)',
  models: { lcnet_050: declaration, lcnet_075: declaration, lcnet_100: declaration },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) =>
    new TimmMobileNet(
      config,
      { ...parts(WIDTHS[config.name as keyof typeof WIDTHS]), head: HEAD, dropout },
      style,
    ),
});
