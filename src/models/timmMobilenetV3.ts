/**
 * MobileNetV3 (Howard et al., "Searching for MobileNetV3", 2019), as timm has it, with timm's names of modules: torchvision's
 * network with PyTorch's epsilon of batch normalisation.
 */
import { hswish, relu } from '../graph/ops/elementwise.js';
import type { Layer } from '../nn/layer.js';
import { Sequential } from '../nn/sequential.js';
import { makeDivisible } from './convBlocks.js';
import { defineFamily, dropoutOption } from './family.js';
import { type MobileNetV3Row, type MobileNetV3Variant, STEM, variantOf } from './mobilenetV3Rows.js';
import { DepthwiseSeparable, TimmInvertedResidual } from './timmBlocks.js';
import { timmConvNorm } from './timmLayers.js';
import { TimmMobileNet } from './timmMobileNet.js';

const style = { activation: hswish };

function block(inChannels: number, [kernel, hidden, outChannels, se, hs, stride]: MobileNetV3Row): Layer {
  const squeezed = se ? makeDivisible(hidden / 4) : undefined;
  const shape = { inChannels, outChannels, kernel, stride, squeezed };
  const own = { activation: hs ? hswish : relu };
  return hidden === inChannels
    ? new DepthwiseSeparable(shape, own)
    : new TimmInvertedResidual({ ...shape, hidden }, own);
}

/** A stage begins where the channels change; the last one is a 1×1 convolution. */
function stages({ rows }: MobileNetV3Variant): { stages: Sequential[]; channels: number } {
  const grouped: Layer[][] = [];
  let channels: number = STEM;
  rows.forEach((row, i) => {
    if (i === 0 || row[2] !== channels) grouped.push([]);
    grouped.at(-1)!.push(block(channels, row));
    channels = row[2];
  });
  const last = { inChannels: channels, outChannels: 6 * channels, kernel: 1, norm: 'bn1' };
  grouped.push([timmConvNorm({ ...last, activation: hswish }, style)]);
  return { stages: grouped.map((layers) => new Sequential(layers)), channels: 6 * channels };
}

const declaration = { imageSize: 224, leastImageSize: 32, classes: 1000 };

/** timm's mobilenetv3_small_100 and mobilenetv3_large_100. */
export const timmMobilenetV3 = defineFamily({
  title: 'MobileNetV3 (timm)',
  models: { mobilenetv3_small_100: declaration, mobilenetv3_large_100: declaration },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) => {
    const variant = variantOf(config.name);
    return new TimmMobileNet(config, { stem: STEM, ...stages(variant), head: variant.last, dropout }, style);
  },
});
