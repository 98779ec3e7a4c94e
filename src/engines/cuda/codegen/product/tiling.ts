import { THREADS } from '../pointwise.js';

/** Rows of a warp's sums. */
const WARP_ROWS = 32;
const WARP = 32;
/** Parts of a sum whose terms are divided, at most: they are added up once more. */
const MOST_CHUNKS = 256;
/** Steps of the depth that a part has at least. */
const FEWEST_STEPS = 4;

/** How a product is divided: tiles of `rows` × `columns` results, whose terms are gone through `depth` at a time. */
export interface Tiling {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Warps of a block beside each other along the rows and the columns. */
  readonly warpsDown: number;
  readonly warpsAcross: number;
  /** 16×8 pieces of a warp's sums. */
  readonly piecesDown: number;
  readonly piecesAcross: number;
  /** Blocks that a processor of the device has room for at once, by the registers of their sums. */
  readonly residents: number;
}

/** A tile of a size. */
export function tilingOf(rows: number, columns: number, depth: number): Tiling {
  const warpsDown = rows / WARP_ROWS;
  const warpsAcross = THREADS / WARP / warpsDown;
  return {
    ...{ rows, columns, depth, warpsDown, warpsAcross },
    piecesDown: WARP_ROWS / 16,
    piecesAcross: columns / warpsAcross / 8,
    residents: columns / warpsAcross > 16 ? 2 : 3,
  };
}

/** Columns of a tile that lose little at the end, but have few tiles: each reads the rows again. */
function columnsFor(count: number): number {
  const cost = (columns: number): number => Math.ceil(count / columns) * (columns + 24);
  return [128, 64, 32].reduce((best, each) => (cost(each) < cost(best) ? each : best));
}

/** Terms that are gone through at once, at most `most`. */
function depthFor(terms: number, most: number): number {
  return [16, 32, 64].find((depth) => terms <= depth && depth < most) ?? most;
}

/** A tile for many rows: as large as leaves work for all processors. */
export function tallTiling(
  rows: number,
  columns: number,
  terms: number,
  processors: number,
): Tiling & { readonly chunks: number } {
  const width = columnsFor(columns);
  const isLarge = Math.ceil(rows / 128) * Math.ceil(columns / width) >= processors * 4;
  const tiling = isLarge
    ? tilingOf(128, width, depthFor(terms, 64))
    : smallTiling(rows, columns, terms, processors);
  const [down, across] = [Math.ceil(rows / tiling.rows), Math.ceil(columns / tiling.columns)];
  return { ...tiling, chunks: Math.min(down, Math.ceil((processors * tiling.residents) / across)) };
}

/** A tile that ends soon, whose terms are read at once as far as there is room. */
function smallTiling(rows: number, columns: number, terms: number, processors: number): Tiling {
  const width = Math.min(64, columnsFor(columns));
  const blocks = Math.ceil(rows / 64) * Math.ceil(columns / width);
  return tilingOf(width > 32 && blocks < processors ? 32 : 64, width, depthFor(terms, 128));
}

/** A tile for many terms, which are divided between `chunks` blocks. */
export function deepTiling(
  rows: number,
  columns: number,
  terms: number,
  processors: number,
): Tiling & { readonly chunks: number } {
  const tiling = tilingOf(rows > 64 ? 128 : 64, columnsFor(columns), 64);
  const tiles = Math.ceil(rows / tiling.rows) * Math.ceil(columns / tiling.columns);
  const most = Math.min(MOST_CHUNKS, Math.ceil(terms / (FEWEST_STEPS * tiling.depth)));
  return {
    ...tiling,
    chunks: Math.max(1, Math.min(most, Math.floor((processors * tiling.residents) / tiles))),
  };
}

/** C++ that says where a warp's sums begin in a tile, and sets them to 0. */
export function sumsText({ piecesDown, piecesAcross }: Tiling): string[] {
  return [
    `float sums[${piecesDown}][${piecesAcross}][4];`,
    `for (int m = 0; m < ${piecesDown}; ++m) for (int n = 0; n < ${piecesAcross}; ++n) LANES(4) sums[m][n][j] = 0.0f;`,
  ];
}

/** C++ of the places of a warp and a lane. */
export function placesText({ warpsDown, piecesAcross }: Tiling): string[] {
  return [
    `const int lane = threadIdx.x % ${WARP}, warp = threadIdx.x / ${WARP};`,
    `const int warpRow = warp % ${warpsDown} * ${WARP_ROWS}, warpColumn = warp / ${warpsDown} * ${8 * piecesAcross};`,
  ];
}

/** C++ that does something with each pair of neighbouring sums: `row` and `column` are the first one's, `x` and `y` the sums. */
export function eachPairText({ piecesDown, piecesAcross }: Tiling, body: string): string[] {
  return [
    '#pragma unroll',
    `for (int m = 0; m < ${piecesDown}; ++m)`,
    '#pragma unroll',
    `for (int n = 0; n < ${piecesAcross}; ++n)`,
    '#pragma unroll',
    'for (int half = 0; half < 2; ++half) {',
    '  const int row = warpRow + 16 * m + (lane >> 2) + 8 * half, column = warpColumn + 8 * n + 2 * (lane & 3);',
    '  float x = sums[m][n][2 * half], y = sums[m][n][2 * half + 1];',
    `  ${body}`,
    '}',
  ];
}
