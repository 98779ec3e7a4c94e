import { describeModel } from '../../models/describe.js';
import { createModel, families, type ModelOption } from '../../models/registry.js';

/** Hyperparameters that are set. */
type ModelSizes = { readonly [K in ModelOption]?: number };

/** A model at an image size, which may be trained. */
export interface Candidate {
  readonly model: string;
  readonly options: ModelSizes;
  readonly imageSize: number;
  /** Published weights of it; undefined to train from scratch. */
  readonly weights: string | undefined;
  /** Multiply-accumulates for one image, by which candidates are ordered. */
  readonly macs: number;
}

/** A model of a ladder, at any size. */
export type Rung = Pick<Candidate, 'model'> & Partial<Pick<Candidate, 'options' | 'weights'>>;

/** Models whose weights are published, small ones first. */
export const PUBLISHED_RUNGS: readonly Rung[] = [
  { model: 'mobilenet_v3_small', weights: 'torchvision/mobilenet_v3_small' },
  { model: 'mobilenet_v3_large', weights: 'torchvision/mobilenet_v3_large' },
  { model: 'efficientnet_lite0', weights: 'timm/efficientnet_lite0.ra_in1k' },
];

/** Models to train from scratch. */
export const FRESH_RUNGS: readonly Rung[] = [
  { model: 'shufflenetv2', options: { ratio: 0.5 } },
  { model: 'shufflenetv2', options: { ratio: 1 } },
  { model: 'skipblocknet', options: { width: 0.5 } },
  { model: 'skipblocknet', options: { width: 1 } },
];

const SIZES = [32, 64, 96, 128, 160, 192, 224] as const;

/** Sizes to which small images may be enlarged for weights of ImageNet, which know no smaller objects. */
const LEAST_PRETRAINED = 96;
const ENLARGED_PRETRAINED = 128;
/** Models for CIFAR's images are not taken above this size, and those for 224 not below. */
const BETWEEN = 64;

/**
 * All models and sizes to choose from, in the order of their computation.
 *
 * @param typical median of the images' shorter sides: nothing is enlarged much beyond it
 * @param imageSize the only size, if it is given
 */
export function ladderOf(
  rungs: readonly Rung[],
  {
    classes,
    typical,
    imageSize,
    pretrained,
  }: {
    readonly classes: number;
    readonly typical: number;
    readonly imageSize?: number | undefined;
    readonly pretrained: boolean;
  },
): Candidate[] {
  const most = Math.max(32 * Math.ceil(typical / 32), pretrained ? ENLARGED_PRETRAINED : 0);
  const usual = SIZES.filter((size) => size <= most && size >= (pretrained ? LEAST_PRETRAINED : 0));
  const isAlone = new Set(rungs.map(({ model }) => model)).size === 1;
  const found = rungs.flatMap(({ model, options = {}, weights }) => {
    const { imageSize: own, leastImageSize } = families.declarationOf(model)!;
    const suits = (size: number): boolean =>
      size >= leastImageSize && (isAlone || pretrained || (own < BETWEEN ? size <= BETWEEN : size > BETWEEN));
    const sizes = (imageSize === undefined ? usual : [imageSize]).filter(suits);
    return sizes.map((size): Candidate => {
      const { macs } = describeModel(createModel({ name: model, classes, imageSize: size, ...options }));
      return { model, options, imageSize: size, weights, macs };
    });
  });
  return found.sort((a, b) => a.macs - b.macs);
}
