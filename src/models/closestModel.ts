import type { Families } from './families.js';
import { type ModelKind, type ModelLayout, modelLayouts, sameShape, type TensorShapes } from './recognise.js';
import { families } from './registry.js';

/** The model whose tensors are most like a file's. */
export interface ClosestModel {
  readonly kind: ModelKind;
  /** The share of its tensors that the file has, by name and shape, from 0 to 1. */
  readonly share: number;
  /** Descriptions of the first tensors that differ, at most three. */
  readonly differences: readonly string[];
}

/** Number of differences that are named. */
const NAMED = 3;

/** Finds the published model closest to a state dict, for messages about unknown ones. */
export function closestModel(tensors: TensorShapes, among: Families = families): ClosestModel {
  const candidates = modelLayouts(among).map((layout) => compare(layout, tensors));
  return candidates.reduce((best, each) => (each.likeness > best.likeness ? each : best)).model;
}

/**
 * How much a state dict has in common with a model. The classifier and counters don't count. A tensor of the right name
 * and another shape is half as much alike: an unknown width is closest to its own family.
 */
function compare(
  { kind, entries, names }: ModelLayout,
  tensors: TensorShapes,
): { readonly model: ClosestModel; readonly likeness: number } {
  const differences: string[] = [];
  let same = 0;
  let named = 0;
  for (const { name, shape } of entries) {
    const found = tensors.get(name)?.shape;
    if (found) named++;
    if (sameShape(found, shape)) same++;
    else if (differences.length < NAMED)
      differences.push(
        found
          ? `${name} is [${found.join(', ')}] instead of [${shape.join(', ')}]`
          : `${name} [${shape.join(', ')}] is missing`,
      );
  }
  for (const [name, { shape }] of tensors) {
    if (differences.length >= NAMED) break;
    if (!names.has(name)) differences.push(`${name} [${shape.join(', ')}] is not in it`);
  }
  return {
    model: { kind, share: same / entries.length, differences },
    likeness: (same + named) / (2 * entries.length),
  };
}
