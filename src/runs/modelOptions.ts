import { families, type ModelOptions } from '../models/registry.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * The model of a configuration.
 *
 * @param data size and channels of its images; those of the configuration take precedence
 */
export function modelOptionsOf(
  config: TrainConfig,
  classes: number,
  data: { readonly imageSize?: number | undefined; readonly channels?: number | undefined },
): ModelOptions {
  const imageSize = config.imageSize ?? data.imageSize;
  const channels = config.imageChannels ?? data.channels;
  return { name: config.model, classes, imageSize, channels, ...families.optionsOf(config) };
}
