import type { Shape } from '../../../../graph/tensorType.js';
import { Emitter, type Operand, UnevenLanes } from '../emitter.js';
import type { Expression } from '../expression.js';
import { Index } from '../index.js';
import { THREADS } from '../pointwise.js';

/** Elements between the ends of a tile's rows: neighbouring rows then begin in different banks of shared memory. */
const GAP = 8;

/** A tile of an operand in shared memory, in bf16. */
export interface Panel {
  /** C++ of its first element's address. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** Elements from one row of a tile to the next. */
export function pitchOf({ columns }: Pick<Panel, 'columns'>): number {
  return columns + GAP;
}

/** Elements of a tile. */
export function sizeOfPanel(panel: Pick<Panel, 'rows' | 'columns'>): number {
  return panel.rows * pitchOf(panel);
}

/** An operand as a matrix, whose columns lie next to each other. */
export interface PanelSource {
  readonly expression: Expression;
  readonly rows: number;
  readonly columns: number;
  /** Neighbouring columns that a thread computes at once: 2, 4 or 8, a divisor of the columns. */
  readonly lanes: number;
  /** The index of an element, in a row that a variable of that name says. */
  index(at: Emitter, row: string, column: Index): readonly Index[];
}

/** Pixels as rows, channels as columns. */
export function pixelRows(expression: Expression, lanes: number): PanelSource {
  const { shape } = expression;
  return {
    expression,
    lanes,
    rows: pixelsOf(shape),
    columns: shape[1]!,
    index: (at, row, column) => pixelIndex(at, shape, row, column),
  };
}

/**
 * How many neighbouring channels of an image a thread can compute at once: at most 16 bytes of bf16.
 *
 * @returns undefined where it cannot be two, as where channels of several tensors alternate
 */
export function lanesOf(expression: Expression): number | undefined {
  const { shape } = expression;
  return [8, 4, 2].find((lanes) => {
    if (shape[1]! % lanes !== 0) return false;
    const at = new Emitter(lanes);
    try {
      expression.load(at, pixelIndex(at, shape, 'pixel', channelsOf(shape[1]!, lanes)));
      return true;
    } catch (error) {
      if (error instanceof UnevenLanes) return false;
      throw error;
    }
  });
}

function channelsOf(count: number, lanes: number): Index {
  return Index.of({ name: 'column', range: Math.max(2, count), lanes: 'consecutive', step: lanes });
}

/** Pixels of all images. */
export function pixelsOf([images, , height, width]: Shape): number {
  return images! * height! * width!;
}

/**
 * The index of a pixel's channel. Its parts are differences of multiples, which cancel in the address of a dense tensor: what they are
 * is then not computed.
 */
export function pixelIndex(
  at: Emitter,
  [images, , height, width]: Shape,
  pixel: string,
  channel: Index,
): readonly Index[] {
  const named = (name: string, range: number): Index => Index.of({ name, range, lanes: 'same', step: 1 });
  const [row, image] = [`${pixel}_row`, `${pixel}_image`];
  at.line(
    `const int ${row} = (int)((u32)${pixel} / ${width}u), ${image} = (int)((u32)${pixel} / ${height! * width!}u);`,
  );
  const pixels = named(pixel, images! * height! * width!);
  const rows = named(row, images! * height!);
  const n = named(image, images!);
  const h = height === 1 ? Index.zero : rows.plus(n.times(-height!));
  const w = width === 1 ? Index.zero : pixels.plus(rows.times(-width!));
  return [n, channel, h, w];
}

/**
 * Fills a tile, with zeros where the operand ends. All of a thread's elements are read before any is written, so that the reads wait
 * together.
 *
 * @param from C++ of the first row and column
 */
export function fillPanel(
  at: Emitter,
  source: PanelSource,
  panel: Panel,
  from: { readonly row: string; readonly column: string },
): void {
  const { lanes, columns } = source;
  const across = panel.columns / lanes;
  const step = THREADS / across;
  at.nested(lanes, (inner) => {
    inner.line(`const int right = threadIdx.x % ${across} * ${lanes}, down = threadIdx.x / ${across};`);
    inner.line(`const int column = min(${from.column} + right, ${columns - lanes});`);
    inner.line(`const bool inside = ${from.column} + right < ${columns};`);
    const column = channelsOf(columns, lanes);
    const fill = (): void => {
      const words: string[] = [];
      for (let first = 0; first < panel.rows; first += step)
        words.push(element(inner, source, column, `${from.row} + down + ${first}`));
      words.forEach((value, i) => {
        inner.line(`storeWords(${panel.name} + (down + ${i * step}) * ${pitchOf(panel)} + right, ${value});`);
      });
    };
    if (step > panel.rows) inner.block(`if (down < ${panel.rows})`, fill);
    else fill();
  });
}

/** A thread's elements of a row in bf16, as an array of words. */
function element(at: Emitter, source: PanelSource, column: Index, place: string): string {
  const { expression, index, rows, lanes } = source;
  const row = at.name('row');
  at.line(`const int ${row} = min(${place}, ${rows - 1});`);
  const value = expression.load(at, index(at, row, column));
  const kept = asArray(
    at,
    at.apply([value], (x) => `(inside && ${place} < ${rows} ? ${x} : 0.0f)`),
  );
  const words = at.name('w');
  at.line(`u32 ${words}[${lanes / 2}];`);
  at.line(
    `for (int i = 0; i < ${lanes / 2}; ++i) ${words}[i] = packBf16(${kept}[2 * i], ${kept}[2 * i + 1]);`,
  );
  return words;
}

/** The array with a value's lanes. */
export function asArray(at: Emitter, { text, laned }: Operand): string {
  return (laned ? text : at.value(`(${text})`, true).text).slice(0, -3);
}
