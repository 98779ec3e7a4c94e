/**
 * MnasNet-B1 (Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", 2018), as timm has it, with timm's names of
 * modules: torchvision's network with PyTorch's momentum of batch normalisation.
 */
import { relu } from '../graph/ops/elementwise.js';
import { defineFamily, dropoutOption } from './family.js';
import { FIRST, HEAD, STAGES, STEM } from './mnasnetStages.js';
import { TimmEfficientNet, type TimmStage } from './timmEfficientNet.js';

/** The first stage is the block without an expansion. */
const stages: readonly TimmStage[] = [[1, 3, 1, FIRST, 1], ...STAGES];

/** timm's mnasnet_100. */
export const timmMnasnet = defineFamily({
  title: 'MnasNet (timm)',
  models: { mnasnet_100: { imageSize: 224, leastImageSize: 32, classes: 1000 } },
  options: { dropout: dropoutOption('probability of dropout before the classifier', 0.2) },
  create: (config, { dropout }) =>
    new TimmEfficientNet(config, { stem: STEM, stages, head: HEAD, dropout }, { activation: relu }),
});
