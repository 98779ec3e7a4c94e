const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * Numbers as a line of blocks from the least to the greatest, with the first and the last number: `12.5 ▁▃▆█ 80.1`.
 *
 * @param most blocks at most; of more numbers the last of each equal part is shown. What is not finite is a space
 */
export function sparkline(values: readonly number[], most: number): string {
  const count = Math.min(values.length, most);
  const shown = Array.from(
    { length: count },
    (_, i) => values[Math.ceil(((i + 1) * values.length) / count) - 1]!,
  );
  const finite = shown.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const least = Math.min(...finite);
  const range = Math.max(...finite) - least;
  const block = (value: number): string => {
    if (!Number.isFinite(value)) return ' ';
    const share = range === 0 ? 0 : (value - least) / range;
    return BLOCKS[Math.round(share * (BLOCKS.length - 1))]!;
  };
  const ends = [values[0]!, values.at(-1)!].map((value) => Number(value.toPrecision(4)));
  return `${ends[0]} ${shown.map(block).join('')} ${ends[1]}`;
}
