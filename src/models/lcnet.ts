/**
 * PP-LCNet (Cui et al., "PP-LCNet: A Lightweight CPU Convolutional Neural Network", 2021), as timm has it, with timm's names
 * of modules.
 */
import { hswish } from '../graph/ops/elementwise.js';
import { Sequential } from '../nn/sequential.js';
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
const HEAD = 1280;
const style = { activation: hswish };

function stages(): { stages: Sequential[]; channels: number } {
  let channels = STEM;
  const made = STAGES.map((blocks) => {
    const layers = blocks.map(([kernel, stride, outChannels, se = false]) => {
      const shape = { inChannels: channels, outChannels, kernel, stride, activated: true };
      const squeezed = se ? channels / 4 : undefined;
      channels = outChannels;
      return new DepthwiseSeparable({ ...shape, squeezed }, style);
    });
    return new Sequential(layers);
  });
  return { stages: made, channels };
}

/** timm's lcnet_100. */
export const lcnet = defineFamily({
  title: 'PP-LCNet (timm)',
  models: { lcnet_100: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) =>
    new TimmMobileNet(config, { stem: STEM, ...stages(), head: HEAD, dropout }, style),
});
