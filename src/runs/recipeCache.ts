import { freeMemory } from '../data/cache/freeMemory.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * Settings of a recipe, whose cache in memory takes no more than half of what is free. One that is given takes what it says.
 *
 * @param recipe beside the given settings
 * @param free bytes of memory. Default: the system's
 */
export function withinMemory(
  recipe: Partial<TrainConfig>,
  given: Partial<TrainConfig>,
  free = freeMemory(),
): Partial<TrainConfig> {
  const { cacheMb } = recipe;
  const { cache } = { ...recipe, ...given };
  if (cache !== 'ram' || given.cacheMb !== undefined || typeof cacheMb !== 'number') return recipe;
  return { ...recipe, cacheMb: Math.max(1, Math.min(cacheMb, Math.floor(free / 2e6))) };
}
