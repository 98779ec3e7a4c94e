import { densenet } from './densenet.js';
import { densenet224 } from './densenet224.js';
import { efficientnet } from './efficientnet.js';
import { efficientnetLite } from './efficientnetLite.js';
import { Families, type ModelRequest } from './families.js';
import { ghostnet } from './ghostnet.js';
import { lcnet } from './lcnet.js';
import { mnasnet } from './mnasnet.js';
import { mobilenetV2 } from './mobilenetV2.js';
import { mobilenetV3 } from './mobilenetV3.js';
import { mobilenetV4 } from './mobilenetV4.js';
import type { Model } from './model.js';
import { repvgg } from './repvgg.js';
import { resnet } from './resnet.js';
import { resnet224 } from './resnet224.js';
import { shufflenet } from './shufflenet.js';
import { shufflenet224 } from './shufflenet224.js';
import { skipblocknet } from './skipblocknet.js';
import { squeezenet } from './squeezenet.js';
import { timmMnasnet } from './timmMnasnet.js';
import { timmMobilenetV3 } from './timmMobilenetV3.js';

/** The model families; one that is added here is available everywhere: flags, settings, help, checkpoints. */
const list = [
  resnet,
  densenet,
  shufflenet,
  skipblocknet,
  resnet224,
  mobilenetV2,
  mobilenetV3,
  shufflenet224,
  efficientnet,
  mnasnet,
  squeezenet,
  densenet224,
  efficientnetLite,
  timmMobilenetV3,
  timmMnasnet,
  lcnet,
  ghostnet,
  repvgg,
  mobilenetV4,
] as const;

type KeysOf<T> = T extends T ? keyof T : never;

/** Name of a model. */
export type ModelName = KeysOf<(typeof list)[number]['models']>;

/** Name of a hyperparameter of a model. */
export type ModelOption = KeysOf<(typeof list)[number]['options']>;

/** Every family's declaration. */
export const families = new Families<ModelOption>(list);

/** The models that exist. */
export const modelNames: readonly ModelName[] = families.names as readonly ModelName[];

/** Whether a model of that name exists. */
export function isModelName(name: string): name is ModelName {
  return families.declarationOf(name) !== undefined;
}

/** Hyperparameters of models, all optional. */
export type Hyperparameters = { readonly [K in ModelOption]?: number | undefined };

/** Which model to make, with its family's hyperparameters, such as `ratio` or `width`. */
export type ModelOptions = ModelRequest & Hyperparameters;

/**
 * Makes a model; a learner initialises or loads its values.
 *
 * @throws UsageError for an unknown name, or a size or hyperparameter that the family does not have
 */
export function createModel(options: ModelOptions): Model {
  return families.create(options);
}
