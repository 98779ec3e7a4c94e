/** Colours of a chart: any CSS colours, such as `var(--text)` in a page. */
export interface ChartTheme {
  readonly text: string;
  readonly grid: string;
  /** Default: transparent. */
  readonly background?: string;
  /** Of the lines, in order; lines beyond them are dashed. */
  readonly series: readonly string[];
}

/** For a stand-alone image. The colours are distinguishable with colour blindness, too (Okabe and Ito). */
export const FILE_THEME: ChartTheme = {
  text: '#333333',
  grid: '#dddddd',
  background: 'white',
  series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'],
};

/** For a page, whose style sheet says what the colours are. */
export const PAGE_THEME: ChartTheme = {
  text: 'var(--text)',
  grid: 'var(--grid)',
  series: ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)'],
};
