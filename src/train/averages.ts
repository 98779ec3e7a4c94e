import { UsageError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { averageUpdate } from '../graph/ops/average.js';
import { add, div, maximum } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { Shape } from '../graph/tensorType.js';
import type { Model } from '../models/model.js';

/** Prefix of the variables that hold averaged weights. */
export const AVERAGE_PREFIX = 'ema.';

/** Name of the variable that holds the average of a state entry. */
export function averageName(entry: string): string {
  return `${AVERAGE_PREFIX}${entry}`;
}

/** The entries of a model that are averaged: all but counters, as timm's `ModelEmaV2`. */
export function averagedEntries(model: Model): { readonly name: string; readonly shape: Shape }[] {
  return model
    .stateEntries()
    .flatMap(({ name, shape, kind }) => (kind === 'counter' ? [] : [{ name, shape }]));
}

/**
 * Adds the exponential moving average of a model's values to a step: a ← d·a + (1 − d)·v with d = min(decay, (1 + t)/(10 + t)) at
 * step t, so that a short run's average is not of its start.
 *
 * @param values the new values by name; those that a step leaves as they are may be missing
 * @returns new averages by variable name
 */
export function averageUpdates(
  graph: Graph,
  values: ReadonlyMap<string, Tensor>,
  { decay, step }: { readonly decay: number; readonly step: Tensor },
): Map<string, Tensor> {
  const share = maximum(div(9, add(step, 10)), 1 - decay);
  return new Map(
    [...values].map(([name, value]) => {
      const average = graph.variable(averageName(name), value.shape);
      return [averageName(name), averageUpdate(average, value, share)];
    }),
  );
}

/** @throws UsageError when a decay of averages is out of range */
export function checkDecay(decay: number | undefined): void {
  if (decay !== undefined && !(decay > 0 && decay < 1))
    throw new UsageError(`averageDecay must be a number above 0 and below 1, not ${decay}`);
}
