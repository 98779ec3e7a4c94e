/** Colours of series; beyond them lines are dashed. */
const COLOURS = 6;

/** Dashes of the lines of one colour, in turn. */
const DASHES: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

/** How the series of a place is drawn. */
export interface SeriesLook {
  /** Name of the colour, from `series-1` on: a class, and a variable of the style sheet. */
  readonly colour: string;
  readonly dash: readonly number[];
}

/** The look of a series by its place among the others. */
export function lookOf(place: number): SeriesLook {
  return {
    colour: `series-${(place % COLOURS) + 1}`,
    dash: DASHES[Math.floor(place / COLOURS) % DASHES.length]!,
  };
}

/** The value of a colour in the style sheet, which depends on dark and light. */
export function colourValue(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
