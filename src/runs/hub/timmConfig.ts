import { IMAGENET_NAMES } from '../../data/imagenet/classes.js';
import { isInterpolation } from '../../data/preprocessing.js';
import { errorMessage, UserError } from '../../errors.js';
import type { PublishedDescription } from '../../train/publishedWeights.js';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => Number.isFinite(item));
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** timm's share of the resized image that is cropped, where a configuration does not say it. */
const CROP_SHARE = 0.875;

/**
 * Reads timm's `config.json`: name of the model, mean, deviation, image size, crop, interpolation and classes.
 *
 * @param path for messages
 * @returns undefined for another library's configuration
 * @throws UserError when it is not JSON, or a value makes no sense
 */
export function readTimmConfig(text: string, path: string): PublishedDescription | undefined {
  const config = parse(text, path);
  // Before timm 0.9 what is in pretrained_cfg now was not in an object of its own.
  const own = isFields(config.pretrained_cfg) ? config.pretrained_cfg : config;
  if (own.mean === undefined || own.std === undefined || own.input_size === undefined) return undefined;
  const wrong = (key: string, expected: string): UserError =>
    new UserError(`${path} has a ${key} that is not ${expected}: ${JSON.stringify(own[key])}`);
  const { mean, std, input_size: size, crop_pct: share = CROP_SHARE } = own;
  if (!isNumbers(size) || size.length !== 3) throw wrong('input_size', 'channels, height and width');
  const imageSize = size[1]!;
  const channels = size[0]!;
  if (size[2] !== imageSize) throw wrong('input_size', 'of a square');
  if (!isNumbers(mean) || mean.length !== channels) throw wrong('mean', `of ${channels} numbers`);
  if (!isNumbers(std) || std.length !== channels || std.some((each) => each <= 0))
    throw wrong('std', `of ${channels} numbers above 0`);
  if (typeof share !== 'number' || !(share > 0 && share <= 1)) throw wrong('crop_pct', 'above 0 and up to 1');
  const architecture = config.architecture ?? own.architecture;
  return {
    ...(typeof architecture === 'string' && { architecture }),
    imageSize,
    cropShare: share,
    ...{ mean, std },
    classes: classesOf(config, own),
    ...resizing(own, path),
  };
}

function parse(text: string, path: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${errorMessage(error)}`);
  }
  if (isFields(value)) return value;
  throw new UserError(`${path} is not a JSON object`);
}

/** The labels in the configuration; ImageNet's for a thousand classes without labels, as timm takes them. */
function classesOf(config: Fields, own: Fields): readonly string[] | undefined {
  const labels = config.label_names ?? own.label_names;
  if (isTexts(labels) && labels.length > 0) return labels;
  const count = config.num_classes ?? own.num_classes;
  return count === IMAGENET_NAMES.length ? IMAGENET_NAMES : undefined;
}

function resizing(own: Fields, path: string): Pick<PublishedDescription, 'interpolation' | 'notices'> {
  const { interpolation: asked = 'bilinear', crop_mode: mode = 'center' } = own;
  const interpolation = isInterpolation(asked) ? asked : 'bicubic';
  return {
    interpolation,
    notices: [
      ...(asked === interpolation
        ? []
        : [`${path} has the interpolation ${String(asked)}, which is unsupported: ${interpolation} is used`]),
      ...(mode === 'center'
        ? []
        : [`${path} has the crop_mode ${String(mode)}, which is unsupported: the centre is cropped`]),
    ],
  };
}
