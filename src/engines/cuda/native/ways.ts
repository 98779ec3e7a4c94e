import type { Choices } from '../../cache/choices.js';
import type { Ways } from '../device.js';

/** The way that was taken before, or the fastest, which is kept; the one by rule where none can be measured. */
export async function chooseWay<Way extends string>(
  choices: Choices,
  { key, ways, byRule, measure }: Ways<Way>,
): Promise<Way> {
  const named = (choice: string | undefined): Way | undefined => ways.find((way) => way === choice);
  // Another training on the card may have measured it in the meantime, also while this one does.
  const kept = named(choices.latest(key));
  if (kept !== undefined) return kept;
  let best: { readonly way: Way; readonly time: number } = { way: byRule, time: Number.POSITIVE_INFINITY };
  for (const way of ways) {
    const time = await measure(way);
    if (time < best.time) best = { way, time };
  }
  return (Number.isFinite(best.time) && named(choices.keep(key, best.way))) || best.way;
}
