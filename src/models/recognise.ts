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
 * The model that a state dict belongs to, by the names and shapes of all tensors except the classifier's
 * and counters; undefined if it is none of them. Where one model's tensors are a part of another's, as ResNet18's are
 * of ResNet34's, it is the larger one.
 */
export function recogniseModel(tensors: TensorShapes, among: Families = families): ModelKind | undefined {
  let best: { readonly kind: ModelKind; readonly count: number } | undefined;
  for (const kind of modelKinds(among)) {
    const model = among.create({ ...kind, classes: 2 });
    const entries = model
      .stateEntries()
      .filter(({ name, kind }) => kind !== 'counter' && !model.classifierEntries.includes(name));
    const count = entries.length;
    if (count <= (best?.count ?? 0)) continue;
    if (entries.every(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join()))
      best = { kind, count };
  }
  return best?.kind;
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
