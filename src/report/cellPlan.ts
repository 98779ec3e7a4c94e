import type { Outcomes } from './analysis/outcomes.js';

/** The cells of a confusion matrix, and which images of theirs are embedded. */
export interface CellPlan {
  readonly names: readonly string[];
  readonly cells: readonly {
    readonly row: number;
    readonly column: number;
    readonly count: number;
    readonly images: readonly number[];
  }[];
}

/** Classes of a matrix at most. */
const MOST_CLASSES = 50;

/** Images of a cell and of all cells at most: a page stays under 3 MB. */
const MOST_OF_CELL = 12;
const MOST_IN_ALL = 900;

/**
 * Chooses what the matrix shows: of more than 50 classes those in most mistakes, and images for as many cells as there is
 * room for. Each cell gets its first image before any gets its second; wrong ones come first.
 *
 * @param names of the classes
 * @param counts images by class and prediction
 */
export function planCells(
  outcomes: Outcomes,
  names: readonly string[],
  counts: readonly Uint32Array[],
): CellPlan {
  const mistakes = mistakesOf(counts);
  const shown = names
    .map((_, k) => k)
    .sort((a, b) => mistakes[b]! - mistakes[a]!)
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a - b);
  const places = new Map(shown.map((k, place) => [k, place]));
  const cells = shown.flatMap((label, row) =>
    shown.flatMap((predicted, column) => {
      const count = counts[label]![predicted]!;
      return count > 0 ? [{ row, column, count, images: [] as number[] }] : [];
    }),
  );
  fillCells(cells, imagesByCell(outcomes, places));
  return { names: shown.map((k) => names[k]!), cells };
}

/** Of each class, how many images of it are taken for another, and of others for it. */
function mistakesOf(counts: readonly Uint32Array[]): number[] {
  const sums = counts.map(() => 0);
  for (const [label, row] of counts.entries())
    for (const [predicted, count] of row.entries()) {
      if (label === predicted) continue;
      sums[label]! += count;
      sums[predicted]! += count;
    }
  return sums;
}

function imagesByCell(
  { count, labels, predicted }: Outcomes,
  places: ReadonlyMap<number, number>,
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    const key = `${places.get(labels[i]!)},${places.get(predicted[i]!)}`;
    const list = found.get(key);
    if (list) list.push(i);
    else found.set(key, [i]);
  }
  return found;
}

function fillCells(
  cells: readonly { row: number; column: number; count: number; images: number[] }[],
  images: ReadonlyMap<string, readonly number[]>,
): void {
  const order = cells.toSorted(
    (a, b) => Number(a.row === a.column) - Number(b.row === b.column) || b.count - a.count,
  );
  let left = MOST_IN_ALL;
  for (let round = 0; round < MOST_OF_CELL; round++) {
    for (const cell of order) {
      const image = images.get(`${cell.row},${cell.column}`)?.[round];
      if (image === undefined || left === 0) continue;
      cell.images.push(image);
      left--;
    }
  }
}
