import type { JudgedImage } from '../../dataApi.js';

/** Orders of images: by name, or by what a model says of them. */
export const ORDERS = [
  ['name', 'name'],
  ['variance', 'lowest variance first'],
  ['loss', 'greatest loss first'],
  ['disagreement', 'greatest disagreement first'],
] as const;

/** An order of images. */
export type Order = (typeof ORDERS)[number][0];

/** Which images are shown. */
export const SHOWN = [
  ['all', 'all'],
  ['marked', 'left out'],
  ['errors', 'likely label errors'],
  ['duplicates', 'near-duplicates'],
] as const;

/** A choice of images. */
export type Shown = (typeof SHOWN)[number][0];

/** The first of the values that a text is, or the other. */
export function oneOf<T extends string>(
  values: readonly (readonly [T, string])[],
  text: string,
  other: T,
): T {
  return values.find(([value]) => value === text)?.[0] ?? other;
}

/** How much surer a model is of another class than of the label, from 0 to 1. */
export function disagreementOf({ probability, labelProbability }: JudgedImage): number {
  return probability - labelProbability;
}

const KEYS: Readonly<Record<Order, (image: JudgedImage) => number>> = {
  name: () => 0,
  variance: ({ variance }) => variance,
  loss: ({ loss }) => -loss,
  disagreement: (image) => -disagreementOf(image),
};

/** Images in an order; near-duplicates stay beside each other where they alone are shown. */
export function ordered(images: readonly JudgedImage[], order: Order, isGrouped: boolean): JudgedImage[] {
  const key = KEYS[order];
  const sorted = images.toSorted((a, b) => key(a) - key(b) || (a.image < b.image ? -1 : 1));
  if (!isGrouped) return sorted;
  const places = new Map<number, number>();
  for (const [place, { group }] of sorted.entries()) if (!places.has(group)) places.set(group, place);
  return sorted.toSorted((a, b) => places.get(a.group)! - places.get(b.group)!);
}
