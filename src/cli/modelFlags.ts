import type { Model } from '../models/model.js';
import { createModel, families, type Hyperparameters } from '../models/registry.js';

/** Flags that describe a model without weights. */
export interface ModelFlags extends Hyperparameters {
  readonly model: string;
  readonly classes?: number;
  readonly imageSize?: number;
  readonly imageChannels?: number;
}

/** The model that flags describe. */
export function modelOfFlags(flags: ModelFlags): Model {
  const { model: name, imageSize, imageChannels: channels } = flags;
  const { classes = families.declarationOf(name)?.classes ?? 100 } = flags;
  return createModel({ name, classes, imageSize, channels, ...families.optionsOf(flags) });
}
