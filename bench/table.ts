import type { Comparison, Measured } from './benchmark.js';
import type { Spread } from './statistics.js';

/** What a cell says where nothing was measured. */
export const NOTHING = '–';

const MIB = 2 ** 20;

/** Lays rows out in columns: the first column to the left, the rest to the right. */
export function layOut(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [text[0], rule, ...text.slice(1)].join('\n');
}

/** A Markdown table: the first columns, as many as given, to the left and the rest to the right. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${header.map((_, column) => (column < left ? '---' : '---:')).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/** A number with three significant digits or more. */
export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `1.52 (1.47–1.55)`. */
export function spreadText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/** The table of comparisons, an aligned line each. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const header = [
    'model',
    'mode',
    'batch',
    'threads',
    'ours',
    'images/s',
    'PyTorch',
    'images/s',
    'ratio (min–max)',
    'peak MiB',
    'PyTorch’s',
  ];
  const rows = comparisons.map(({ model, mode, batch, threads, ours, pytorch, ratio }) => [
    model,
    mode,
    String(batch),
    String(threads),
    ...speedCells(ours),
    ...speedCells(pytorch),
    ratio ? spreadText(ratio) : NOTHING,
    memoryCell(ours),
    memoryCell(pytorch),
  ]);
  return layOut(header, rows);
}

function speedCells(side: Measured | undefined): [string, string] {
  if (!side) return [NOTHING, NOTHING];
  return [`${side.precision} ${side.variant}`, figure(side.imagesPerSecond.median)];
}

/** Peak memory in MiB. */
export function memoryCell(side: { readonly peakBytes?: number | undefined } | undefined): string {
  return side?.peakBytes === undefined ? NOTHING : (side.peakBytes / MIB).toFixed(0);
}
