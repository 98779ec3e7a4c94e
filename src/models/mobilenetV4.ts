/**
 * MobileNetV4 (Qin et al., "MobileNetV4: Universal Models for the Mobile Ecosystem", 2024), its convolutional small model, as
 * timm has it, with timm's names of modules.
 */
import { relu } from '../graph/ops/elementwise.js';
import type { Layer } from '../nn/layer.js';
import { Sequential } from '../nn/sequential.js';
import { makeDivisible } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { UniversalInvertedBottleneck } from './timmBlocks.js';
import { timmConvNorm } from './timmLayers.js';
import { TimmMobileNet } from './timmMobileNet.js';

/** Kernel, stride, output channels of plain convolutions. */
type Plain = readonly [kernel: number, stride: number, channels: number];

/** Kernels of the two depthwise convolutions (0 for none), stride, expansion, output channels. */
type Universal = readonly [
  start: number,
  middle: number,
  stride: number,
  expansion: number,
  channels: number,
];

const STAGES: readonly (readonly (Plain | Universal)[])[] = [
  [
    [3, 2, 32],
    [1, 1, 32],
  ],
  [
    [3, 2, 96],
    [1, 1, 64],
  ],
  [
    [5, 5, 2, 3, 96],
    [0, 3, 1, 2, 96],
    [0, 3, 1, 2, 96],
    [0, 3, 1, 2, 96],
    [0, 3, 1, 2, 96],
    [3, 0, 1, 4, 96],
  ],
  [
    [3, 3, 2, 6, 128],
    [5, 5, 1, 4, 128],
    [0, 5, 1, 4, 128],
    [0, 5, 1, 3, 128],
    [0, 3, 1, 4, 128],
    [0, 3, 1, 4, 128],
  ],
  [[1, 1, 960]],
];
const STEM = 32;
const HEAD = 1280;
const style = { activation: relu };

function block(inChannels: number, row: Plain | Universal): Layer {
  if (row.length === 3) {
    const [kernel, stride, outChannels] = row;
    const shape = { inChannels, outChannels, kernel, stride, norm: 'bn1', activation: relu };
    return timmConvNorm(shape, style);
  }
  const [start, middle, stride, expansion, outChannels] = row;
  const hidden = makeDivisible(inChannels * expansion);
  return new UniversalInvertedBottleneck({ inChannels, outChannels, hidden, start, middle, stride }, style);
}

function stages(): { stages: Sequential[]; channels: number } {
  let channels = STEM;
  const made = STAGES.map((rows) => {
    const layers = rows.map((row) => {
      const layer = block(channels, row);
      channels = row.at(-1)!;
      return layer;
    });
    return new Sequential(layers);
  });
  return { stages: made, channels };
}

/** timm's mobilenetv4_conv_small. */
export const mobilenetV4 = defineFamily({
  title: 'MobileNetV4 (timm)',
  models: { mobilenetv4_conv_small: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) =>
    new TimmMobileNet(config, { stem: STEM, ...stages(), head: HEAD, headNorm: true, dropout }, style),
});
