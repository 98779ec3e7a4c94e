/**
 * Architectures by the names that timm and torchvision give them: those that compute what a model here computes, and those that only
 * have its tensors.
 */

/** Names of architectures that compute the same as a model here, besides its own; timm's former ones among them. */
const SAME: Readonly<Record<string, readonly string[]>> = {
  resnet18_224: ['resnet18', 'ssl_resnet18', 'swsl_resnet18', 'gluon_resnet18_v1b'],
  resnet34_224: ['resnet34', 'tv_resnet34', 'gluon_resnet34_v1b'],
  resnet50_224: ['resnet50', 'tv_resnet50', 'ssl_resnet50', 'swsl_resnet50', 'gluon_resnet50_v1b'],
  densenet121_224: ['densenet121', 'tv_densenet121'],
  mobilenet_v2: ['mobilenetv2_100'],
  mnasnet_100: ['mnasnet_b1'],
  mobilenetv3_large_100: ['mobilenetv3_large_100_miil', 'mobilenetv3_large_100_miil_in21k'],
};

const TENSORFLOW = 'TensorFlow’s padding and epsilon';
const BLUR = 'pooling that blurs';

/** timm's architectures that have the tensors of a model here, under timm's names, and compute otherwise: in what. */
const UNLIKE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  resnet18_224: { resnetblur18: BLUR },
  resnet50_224: { resnetblur50: BLUR, resnetaa50: 'pooling by averages' },
  efficientnet_b0: {
    tf_efficientnet_b0: TENSORFLOW,
    efficientnet_blur_b0: BLUR,
  },
  mobilenetv3_small_100: { tf_mobilenetv3_small_100: TENSORFLOW },
  mobilenetv3_large_100: { tf_mobilenetv3_large_100: TENSORFLOW },
};

/** Models whose tensors timm names otherwise than they are named here, where {@link UNLIKE} has them. */
const RENAMED: ReadonlySet<string> = new Set(['efficientnet_b0']);

/** Whether an architecture, by its publisher's name, computes the same as a model here. */
export function isPublishedAs(model: string, architecture: string): boolean {
  return model === architecture || (SAME[model]?.includes(architecture) ?? false);
}

/** Why an architecture that has the tensors of a model is not that model; undefined if it is not known to be another. */
export function unlikeness(model: string, architecture: string): string | undefined {
  // timm's former names for other weights of the same architecture: AdvProp and Noisy Student.
  return UNLIKE[model]?.[architecture.replace(/^(tf_.*)_(ap|ns)$/, '$1')];
}

/**
 * Architectures that have a model's tensors and compute otherwise, by their publishers' names.
 *
 * @param renamed whether the tensors have other names in their file than here
 */
export function unlikeArchitectures(model: string, renamed: boolean): readonly string[] {
  return renamed === RENAMED.has(model) ? Object.keys(UNLIKE[model] ?? {}) : [];
}
