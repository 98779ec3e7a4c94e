import type { Families } from './families.js';
import { IMAGE_CHANNELS } from './model.js';
import { families, type ModelOption } from './registry.js';

/** Tensors by name, of which only the shapes are used. */
export type TensorShapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** The model that tensors belong to, as `createModel` accepts it. */
export type ModelKind = { readonly name: string; readonly channels: number } & {
  readonly [K in ModelOption]?: number;
};

/**
 * The model that a state dict belongs to, by the names and shapes of all tensors except the
 * classifier's and counters; undefined if it is not a published one.
 */
export function recogniseModel(tensors: TensorShapes, among: Families = families): ModelKind | undefined {
  return modelKinds(among).find((kind) => {
    const model = among.create({ ...kind, classes: 2 });
    return model
      .stateEntries()
      .filter(({ name, kind }) => kind !== 'counter' && !model.classifierEntries.includes(name))
      .every(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join());
  });
}

/** Every model with all hyperparameter values that are tried to recognise tensors. */
export function modelKinds(among: Families): ModelKind[] {
  return among.names.flatMap((name) => {
    let kinds: Record<string, number>[] = [{}];
    for (const [key, { recognised }] of Object.entries(among.declarationOf(name)!.family.options))
      if (recognised) kinds = recognised.flatMap((value) => kinds.map((kind) => ({ ...kind, [key]: value })));
    return IMAGE_CHANNELS.flatMap((channels) => kinds.map((kind) => ({ name, channels, ...kind })));
  });
}
