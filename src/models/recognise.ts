import type { Families } from './families.js';
import { IMAGE_CHANNELS } from './model.js';
import { families, type ModelOption } from './registry.js';

/** Tensors by name, as far as their shapes go. */
export type TensorShapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** Which model tensors are of, as `createModel` takes it. */
export type ModelKind = { readonly name: string; readonly channels: number } & {
  readonly [K in ModelOption]?: number;
};

/** What tensors were recognised as. */
export interface Recognition {
  /** The model, or the closest one. */
  readonly kind: ModelKind;
  /** Share of the model's tensors, its classifier's and counters apart, that are there in its shapes: 1 if it is the model. */
  readonly score: number;
  /** Length of the classifier's last tensor; undefined if that is missing. */
  readonly classes: number | undefined;
}

/**
 * The model whose names and shapes are closest to those of tensors; undefined if none has a tensor among
 * them. Of several the first in the registry's order counts.
 */
export function closestModel(tensors: TensorShapes, among: Families = families): Recognition | undefined {
  let best: Recognition | undefined;
  for (const kind of kindsOf(among)) {
    const model = among.create({ ...kind, classes: 2 });
    const body = model
      .stateEntries()
      .filter(({ name, kind }) => kind !== 'counter' && !model.classifierEntries.includes(name));
    const found = body.filter(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join());
    const score = found.length / body.length;
    if (score <= (best?.score ?? 0)) continue;
    best = { kind, score, classes: tensors.get(model.classifierEntries.at(-1)!)?.shape[0] };
  }
  return best;
}

/**
 * The model that a state dict is of, by the names and shapes of all tensors but the classifier's
 * and counters; undefined if it is none of the published ones.
 */
export function recogniseModel(tensors: TensorShapes, among: Families = families): ModelKind | undefined {
  const closest = closestModel(tensors, among);
  return closest?.score === 1 ? closest.kind : undefined;
}

/** The hyperparameters of a model, as in `ratio 0.5`. */
export function describeKind({ name, channels, ...options }: ModelKind): string {
  const parts = Object.entries(options).map(([key, value]) => ` ${key} ${value}`);
  return `${name}${parts.join('')}${channels === 3 ? '' : `, ${channels} channel`}`;
}

/** Every model with every value of its hyperparameters by which tensors are recognised. */
function kindsOf(among: Families): ModelKind[] {
  return among.names.flatMap((name) => {
    let kinds: Record<string, number>[] = [{}];
    for (const [key, { recognised }] of Object.entries(among.declarationOf(name)!.family.options))
      if (recognised) kinds = recognised.flatMap((value) => kinds.map((kind) => ({ ...kind, [key]: value })));
    return IMAGE_CHANNELS.flatMap((channels) => kinds.map((kind) => ({ name, channels, ...kind })));
  });
}
