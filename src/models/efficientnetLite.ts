/**
 * EfficientNet-Lite (Google, "Higher accuracy on vision models with EfficientNet-Lite", 2020), as timm has it, with timm's names of
 * modules. `efficientnet_lite0` to `4` have PyTorch's padding, `tf_efficientnet_lite0` to `4` TensorFlow's, as the
 * original weights need it.
 */
import { relu6 } from '../graph/ops/elementwise.js';
import { makeDivisible } from './convBlocks.js';
import { efficientnetLiteNames } from './efficientnetLiteNames.js';
import { HEAD, STAGES, STEM } from './efficientnetStages.js';
import { defineFamily, dropoutOption, type ModelDeclaration } from './family.js';
import { TimmEfficientNet, type TimmStage } from './timmEfficientNet.js';

/** Multipliers of width and depth, height and width of images. */
const SIZES = [
  [1, 1, 224],
  [1, 1.1, 240],
  [1.1, 1.2, 260],
  [1.2, 1.4, 300],
  [1.4, 1.8, 380],
] as const;

/** Stages of a width and a depth; the first and the last are not deepened. */
function stages(width: number, depth: number): TimmStage[] {
  return STAGES.map(([expansion, kernel, stride, channels, count], i) => {
    const isDeepened = i > 0 && i < STAGES.length - 1;
    const blocks = isDeepened ? Math.ceil(count * depth) : count;
    return [expansion, kernel, stride, makeDivisible(channels * width), blocks];
  });
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
  create: (config, { dropout }) => {
    const [width, depth] = SIZES[Number(config.name.at(-1))]!;
    const style = { activation: relu6, tensorflow: config.name.startsWith('tf_') };
    return new TimmEfficientNet(
      config,
      { stem: STEM, stages: stages(width, depth), head: HEAD, dropout },
      style,
    );
  },
});
