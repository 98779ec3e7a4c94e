import type { Choices } from '../../cache/choices.js';

/**
 * The way that was taken before under a key, or the fastest, which is kept.
 *
 * @param measure milliseconds of a way
 */
export async function chooseWay<Way extends string>(
  choices: Choices,
  key: string,
  ways: readonly Way[],
  measure: (way: Way) => Promise<number>,
): Promise<Way> {
  const kept = ways.find((way) => way === choices.get(key));
  if (kept !== undefined) return kept;
  let best: { readonly way: Way; readonly time: number } | undefined;
  for (const way of ways) {
    const time = await measure(way);
    if (!best || time < best.time) best = { way, time };
  }
  if (Number.isFinite(best!.time)) choices.set(key, best!.way);
  return best!.way;
}
