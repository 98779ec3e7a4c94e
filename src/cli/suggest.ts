/** Number of single-character insertions, deletions and replacements between two words (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1);
    }
    row = next;
  }
  return row[b.length]!;
}

/** A name as it is compared: `MobileNet-V3` is like `mobilenet_v3`. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_. ]/g, '');

/** The known name that was probably meant: one that starts with the word, or else a similar one. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const meant = plain(word);
  const ranked = known
    .map((name) => ({ name, far: distance(meant, plain(name)), begins: plain(name).startsWith(meant) }))
    .sort((a, b) => a.far - b.far);
  const [best] = ranked;
  const longer = meant.length >= 3 ? ranked.find(({ begins }) => begins) : undefined;
  if (longer) return longer.name;
  return best && best.far <= Math.max(2, Math.floor(0.4 * best.name.length)) ? best.name : undefined;
}
