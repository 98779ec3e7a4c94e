import type { Families } from './families.js';
import { type ModelLayout, modelLayouts, sameShape, type TensorShapes } from './recognise.js';
import { families } from './registry.js';

/** Tensors under the names of their model here. */
export interface RenamedTensors<T> {
  /** Name of the model whose tensors another library names so. */
  readonly model: string;
  readonly tensors: Map<string, T>;
}

/**
 * A state dict of another library under the names that its model has here; undefined if no model's tensors have these
 * names and shapes in another library. Tensors that are not the model's keep their names.
 */
export function withOwnNames<T extends { readonly shape: readonly number[] }>(
  tensors: ReadonlyMap<string, T>,
  among: Families = families,
): RenamedTensors<T> | undefined {
  for (const { kind, entries, names } of modelLayouts(among)) {
    const own = among.declarationOf(kind.name)?.otherNames?.([...names]);
    if (!own || !fits(entries, own, tensors)) continue;
    return {
      model: kind.name,
      tensors: new Map([...tensors].map(([name, tensor]) => [own.get(name) ?? name, tensor])),
    };
  }
  return undefined;
}

/** Whether the tensors are a model's under its other names. */
function fits(
  entries: ModelLayout['entries'],
  own: ReadonlyMap<string, string>,
  tensors: TensorShapes,
): boolean {
  const others = new Map([...own].map(([other, name]) => [name, other]));
  return entries.every(({ name, shape }) => sameShape(tensors.get(others.get(name) ?? '')?.shape, shape));
}
