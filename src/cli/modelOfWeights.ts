import { UserError } from '../errors.js';
import type { Model } from '../models/model.js';
import { recogniseModel } from '../models/recognise.js';
import { createModel, families, type Hyperparameters, type ModelOptions } from '../models/registry.js';
import { describeUnknown, nameOfKind } from '../runs/misfit.js';
import type { WeightsFile } from '../train/weights.js';

/** What flags and data say of a model. */
export interface WeightsRequest extends Hyperparameters {
  readonly model?: string | undefined;
  /** Classes of the data. */
  readonly classes: number;
  /** Height and width of the data's images; undefined if they are cut to the model's own. */
  readonly imageSize: number | undefined;
}

/**
 * The model of a file of weights: as the file describes it; otherwise by the flags or its
 * tensors.
 *
 * @throws UserError when flags or data contradict the file, or its architecture is unknown and no flag names one
 */
export function modelOfWeights(
  path: string,
  { info, tensors, architecture }: WeightsFile,
  request: WeightsRequest,
): Model {
  const { classes, imageSize } = request;
  if (!info) {
    const found = recogniseModel(tensors, families, architecture ?? request.model);
    const name = request.model ?? found?.name;
    if (name === undefined) throw new UserError(`${path}: ${describeUnknown(tensors)}`);
    if (found && found.name !== name)
      throw new UserError(`${path}: it has the tensors of ${nameOfKind(found)}, not of ${name}`);
    const same = found?.name === name ? found : undefined;
    return createModel({ ...same, name, classes, imageSize, ...families.optionsOf(request) });
  }
  const own: ModelOptions = info.model;
  refuse(path, 'a checkpoint of', own.name, request.model);
  for (const key of families.options.keys()) refuse(path, `of the ${key}`, own[key], request[key]);
  if (own.classes !== classes)
    throw new UserError(`${path} has ${own.classes} classes, but the data has ${classes}`);
  return createModel({ ...own, imageSize: imageSize ?? own.imageSize });
}

function refuse<T>(path: string, what: string, own: T, asked: T | undefined): void {
  if (asked === undefined || asked === own) return;
  throw new UserError(`${path} is ${what} ${own ?? 'none'}, not ${asked}`);
}
