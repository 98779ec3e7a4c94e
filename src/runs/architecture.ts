import { UserError } from '../errors.js';
import { isPublishedAs, unlikeArchitectures, unlikeness } from '../models/publishedNames.js';
import { modelsOf } from '../models/recognise.js';
import type { PublishedDescription } from '../train/publishedWeights.js';
import type { WeightsFile } from '../train/weights.js';

/** Keys under which training scripts keep the name of the architecture: timm's, PyTorch's examples'. */
const KEYS = ['arch', 'architecture'];

/**
 * Weights of another program with what is published with them: which model here they are of, if its publisher's name or their
 * script says it.
 *
 * @throws UserError when it is an architecture that has the tensors of a model here and computes otherwise
 */
export function withArchitecture(
  weights: WeightsFile,
  published: PublishedDescription | undefined,
  path: string,
): WeightsFile {
  const described = published ? { ...weights, published } : weights;
  const texts = KEYS.map((key) => weights.extras?.get(key));
  const named = published?.architecture ?? texts.find((text) => typeof text === 'string');
  if (named === undefined) return described;
  const kinds = modelsOf(weights.tensors);
  for (const { name } of kinds) {
    const why = unlikeness(name, named);
    if (why !== undefined)
      throw new UserError(
        `${path} has weights of ${named}, which is not supported: it has the tensors of ${name}, but ${why}`,
      );
  }
  const own = kinds.find(({ name }) => isPublishedAs(name, named));
  if (own) return { ...described, architecture: own.name };
  // Scripts also write the name of a class there.
  if (published?.architecture === undefined || kinds.length === 0) return described;
  const notice = `${path} has weights of ${named} by its description, a name that is not known here: they are taken for ${kinds[0]!.name}, whose tensors they have`;
  return { ...described, published: { ...published, notices: [...published.notices, notice] } };
}

/** Models here, and architectures elsewhere, that weights can also be of, since nothing says that they are the given model's. */
export function alikeModels(
  { architecture, tensors, isRenamed = false }: WeightsFile,
  model: string,
): readonly string[] {
  if (architecture === model) return [];
  const others = modelsOf(tensors).flatMap(({ name }) => (name === model ? [] : [name]));
  return [...others, ...unlikeArchitectures(model, isRenamed)];
}
