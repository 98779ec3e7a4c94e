import type { Axis, Data, Legend, Mark, Scale, Spec } from 'vega';
import { type ChartTheme, FILE_THEME } from './theme.js';

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** As many as there are y. */
  readonly x: readonly number[];
  /** Values that are not finite leave a gap. */
  readonly y: readonly number[];
  /** Default: the theme's next. */
  readonly colour?: string | undefined;
  readonly dashed?: boolean | undefined;
}

/** An area between two lines. */
export interface Band {
  readonly x: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Bars from zero, each over a range of x. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** The contents of a chart. */
export interface Chart {
  /** Above the chart. Default: none, where the page has its own. */
  readonly title?: string | undefined;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  readonly bands?: readonly Band[] | undefined;
  readonly bars?: readonly Bar[] | undefined;
  /** Ends of the axes; default: the data's, the y axis rounded to its ticks. */
  readonly xDomain?: readonly [number, number] | undefined;
  readonly yDomain?: readonly [number, number] | undefined;
  /** Whether equal distances on the x axis are equal factors; its numbers must be above 0. Default false. */
  readonly xLogarithmic?: boolean | undefined;
  /** Pixels of the plot without its axes. Default 620 and 310. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly theme?: ChartTheme | undefined;
}

/** A chart as an SVG image. Its axes have round numbers. */
export async function chartSvg(chart: Chart): Promise<string> {
  // Loaded only when a chart is drawn, so that other commands start faster.
  const { parse, View } = await import('vega');
  const view = new View(parse(specOf(chart)), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function specOf(chart: Chart): Spec {
  const { theme = FILE_THEME, width = 620, height = 310, title } = chart;
  return {
    width,
    height,
    padding: 8,
    autosize: 'pad',
    ...(theme.background !== undefined && { background: theme.background }),
    ...(title !== undefined && { title: { text: title, anchor: 'start', color: theme.text, fontSize: 15 } }),
    data: dataOf(chart),
    scales: scalesOf(chart, theme),
    axes: axesOf(chart, theme),
    legends: chart.lines.length > 1 ? [legendOf(chart, theme, width)] : [],
    marks: marksOf(chart, theme),
  };
}

function dataOf({ lines, bands = [], bars = [] }: Chart): Data[] {
  const finite = (value: number | undefined): number | null =>
    value !== undefined && Number.isFinite(value) ? value : null;
  return [
    ...lines.map(({ x, y }, i) => ({
      name: `line${i}`,
      values: x.map((at, j) => ({ x: at, y: finite(y[j]) })),
    })),
    ...bands.map(({ x, low, high }, i) => ({
      name: `band${i}`,
      values: x.map((at, j) => ({ x: at, low: finite(low[j]), high: finite(high[j]) })),
    })),
    { name: 'bars', values: [...bars] },
  ];
}

function scalesOf({ lines, bands = [], bars = [], ...chart }: Chart, theme: ChartTheme): Scale[] {
  const xs = [...lines, ...bands].flatMap(({ x }) => x).concat(bars.flatMap(({ from, to }) => [from, to]));
  const ys = lines.flatMap(({ y }) => y).concat(bands.flatMap(({ low, high }) => [...low, ...high]));
  const heights = bars.flatMap(({ value }) => [0, value]);
  const styles = lines.map((line, i) => styleOf(line, i, theme));
  const labels = lines.map(({ label }) => label);
  return [
    {
      name: 'x',
      ...(chart.xLogarithmic ? { type: 'log' } : { type: 'linear', zero: false }),
      domain: [...(chart.xDomain ?? rangeOf(xs))],
      range: 'width',
    },
    {
      name: 'y',
      type: 'linear',
      zero: false,
      nice: chart.yDomain === undefined,
      domain: [...(chart.yDomain ?? rangeOf([...ys, ...heights]))],
      range: 'height',
    },
    { name: 'colour', type: 'ordinal', domain: labels, range: styles.map(({ colour }) => colour) },
    {
      name: 'dash',
      type: 'ordinal',
      domain: labels,
      range: styles.map(({ isDashed }) => (isDashed ? DASHED : SOLID)),
    },
  ];
}

/** Least and greatest of the finite numbers; if they are equal, with a margin around them. */
function rangeOf(values: readonly number[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const room = low === high ? Math.abs(low) / 10 || 1 : 0;
  return [low - room, high + room];
}

/** Lengths of dashes and of gaps. */
const DASHED = [6, 4];
/** A whole line where a pattern has to be named. */
const SOLID = [1, 0];

function styleOf(
  { colour, dashed }: Line,
  i: number,
  { series }: ChartTheme,
): { colour: string; isDashed: boolean } {
  return { colour: colour ?? series[i % series.length]!, isDashed: dashed ?? i >= series.length };
}

/** Powers of ten within the range of all lines. */
function powersOfTen(lines: readonly Line[]): number[] {
  const [low, high] = rangeOf(lines.flatMap(({ x }) => x)).map(Math.log10) as [number, number];
  const first = Math.ceil(low - 1e-9);
  return Array.from(
    { length: Math.max(0, Math.floor(high + 1e-9) - first + 1) },
    (_, i) => 10 ** (first + i),
  );
}

function axesOf(chart: Chart, { text, grid }: ChartTheme): Axis[] {
  const { xLabel, yLabel, width = 620, lines } = chart;
  const ticks = chart.xLogarithmic
    ? { values: powersOfTen(lines), format: '.0e' }
    : { tickCount: Math.floor(width / 60), tickMinStep: xLabel === 'epoch' ? 1 : 0 };
  const common = {
    labelColor: text,
    titleColor: text,
    domainColor: text,
    tickColor: text,
    gridColor: grid,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 8,
  } as const;
  return [
    { ...common, orient: 'bottom', scale: 'x', title: xLabel, ...ticks },
    { ...common, orient: 'left', scale: 'y', title: yLabel, tickCount: 6, grid: true, domain: false },
  ];
}

/** Pixels that a letter of a legend is taken for where the font is not known, and those of a line's symbol with its margins. */
const LETTER = 9.6;
const SYMBOL = 40;

function legendOf({ lines }: Chart, { text }: ChartTheme, width: number): Legend {
  const longest = Math.max(...lines.map(({ label }) => label.length));
  return {
    stroke: 'colour',
    strokeDash: 'dash',
    orient: 'top',
    direction: 'horizontal',
    columns: Math.max(1, Math.floor(width / (LETTER * longest + SYMBOL))),
    symbolType: 'stroke',
    symbolStrokeWidth: 2.5,
    symbolSize: 400,
    labelColor: text,
    labelFontSize: 12,
    labelLimit: 260,
  };
}

function marksOf({ lines, bands = [], bars = [] }: Chart, theme: ChartTheme): Mark[] {
  const x = { scale: 'x', field: 'x' };
  const first = theme.series[0]!;
  return [
    {
      type: 'rect',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { scale: 'x', field: 'from', offset: 1 },
          x2: { scale: 'x', field: 'to', offset: -1 },
          y: { scale: 'y', field: 'value' },
          y2: { scale: 'y', value: 0 },
          fill: { value: first },
          fillOpacity: { value: bars.length > 0 ? 0.6 : 0 },
        },
      },
    },
    ...bands.map(
      (_, i): Mark => ({
        type: 'area',
        from: { data: `band${i}` },
        encode: {
          enter: {
            x,
            y: { scale: 'y', field: 'low' },
            y2: { scale: 'y', field: 'high' },
            defined: { signal: 'isValid(datum.low) && isValid(datum.high)' },
            fill: { value: first },
            fillOpacity: { value: 0.2 },
          },
        },
      }),
    ),
    ...lines.map((line, i) => lineMark(line, i, theme)),
  ];
}

/** A value without neighbours is a dot: the stroke's round cap. */
function lineMark(line: Line, i: number, theme: ChartTheme): Mark {
  const { colour, isDashed } = styleOf(line, i, theme);
  return {
    type: 'line',
    from: { data: `line${i}` },
    encode: {
      enter: {
        x: { scale: 'x', field: 'x' },
        y: { scale: 'y', field: 'y' },
        defined: { signal: 'isValid(datum.y)' },
        stroke: { value: colour },
        // A solid pattern would be drawn dash by dash, pixel by pixel: 0.1 s a line of 160 values in Chromium.
        ...(isDashed && { strokeDash: { value: DASHED } }),
        strokeWidth: { value: 2.5 },
        strokeCap: { value: 'round' },
        strokeJoin: { value: 'round' },
      },
    },
  };
}
