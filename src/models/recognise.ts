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
 *
 * @param preferred name of the model to take where the tensors are those of several, as {@link modelsOf} lists them;
 *   else it is the first
 */
export function recogniseModel(
  tensors: TensorShapes,
  among: Families = families,
  preferred?: string,
): ModelKind | undefined {
  const kinds = modelsOf(tensors, among);
  return kinds.find(({ name }) => name === preferred) ?? kinds[0];
}

/**
 * Every model that a state dict can belong to: more than one where models differ in what no tensor shows, such as
 * padding.
 */
export function modelsOf(tensors: TensorShapes, among: Families = families): readonly ModelKind[] {
  let best: { readonly kinds: readonly ModelKind[]; readonly count: number } = { kinds: [], count: 1 };
  for (const { kind, entries } of modelLayouts(among)) {
    const count = entries.length;
    if (count < best.count) continue;
    if (entries.every(({ name, shape }) => sameShape(tensors.get(name)?.shape, shape)))
      best = { kinds: [...(count === best.count ? best.kinds : []), kind], count };
  }
  return best.kinds;
}

/** A model's tensors that tell it from others: all but the classifier's and counters. */
export interface ModelLayout {
  readonly kind: ModelKind;
  readonly entries: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Names of all its tensors. */
  readonly names: ReadonlySet<string>;
}

const layouts = new WeakMap<Families, readonly ModelLayout[]>();

/** The layout of each of {@link modelKinds}, made once. */
export function modelLayouts(among: Families): readonly ModelLayout[] {
  const known = layouts.get(among);
  if (known) return known;
  const made = modelKinds(among).map((kind): ModelLayout => {
    const model = among.create({ ...kind, classes: 2 });
    const all = model.stateEntries();
    const entries = all
      .filter(({ name, kind }) => kind !== 'counter' && !model.classifierEntries.includes(name))
      .map(({ name, shape }) => ({ name, shape }));
    return { kind, entries, names: new Set(all.map(({ name }) => name)) };
  });
  layouts.set(among, made);
  return made;
}

/** Whether two shapes are the same; one that is missing is not. */
export function sameShape(found: readonly number[] | undefined, shape: readonly number[]): boolean {
  return found?.length === shape.length && found.every((size, axis) => size === shape[axis]);
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
