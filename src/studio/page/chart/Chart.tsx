import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { figureText } from '../../../report/valueText.js';
import { withDigits } from './digits.js';
import { colourValue, type SeriesLook } from './palette.js';

/** A line of a chart. */
export interface Series {
  readonly label: string;
  readonly look: SeriesLook;
  readonly x: readonly number[];
  /** One value for each x; null where there is none. */
  readonly y: readonly (number | null)[];
  /** Points alone, without a line. */
  readonly isPoints?: boolean | undefined;
}

/** What a chart shows. */
export interface ChartProps {
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
}

const HEIGHT = 260;

/** Steps between an axis's numbers where those are whole. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/** Round steps where they are not. */
const ROUND_STEPS = Array.from({ length: 24 }, (_, i) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${i - 12}`)),
).flat();

/** Numbers of an axis with as many digits as they differ by. */
function axisTexts(_: uPlot, places: readonly number[]): string[] {
  return places.map((place) => withDigits(place, (places[1] ?? place) - places[0]!));
}

/** An axis with such numbers. */
const FINE: Partial<uPlot.Axis> = { space: 90, incrs: ROUND_STEPS, values: axisTexts };

/** Pixels beside a chart for the numbers of its axis, which are not cut. */
function widthOf(_: uPlot, texts: readonly string[] | null): number {
  const longest = Math.max(0, ...(texts ?? []).map((text) => text.length));
  return Math.max(60, 20 + 7 * longest);
}

/** Lines in a card. In words it says each line's last, least and greatest value. */
export function Chart({ title, xLabel, series }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const isDark = useDark();
  const shape = JSON.stringify([
    title,
    xLabel,
    isDark,
    series.map(({ label, look, isPoints }) => [label, look, isPoints]),
  ]);
  useEffect(() => {
    const target = place.current!;
    const options = optionsOf({ title, xLabel, series }, target.clientWidth);
    plot.current = new uPlot(options, dataOf(series), target);
    const watch = new ResizeObserver(() =>
      plot.current!.setSize({ width: target.clientWidth, height: HEIGHT }),
    );
    watch.observe(target);
    return () => {
      watch.disconnect();
      plot.current!.destroy();
    };
  }, [shape]);
  const data = JSON.stringify(series.map(({ x, y }) => [x, y]));
  useEffect(() => plot.current!.setData(dataOf(series)), [data]);
  return (
    <figure class="card">
      <h2>{title}</h2>
      <div class="chart" role="img" aria-label={`${title}. ${series.map(inWords).join('. ')}`} ref={place} />
    </figure>
  );
}

/** Whether the page is dark now. */
function useDark(): boolean {
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const update = (): void => setDark(query.matches);
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return isDark;
}

function optionsOf({ title, xLabel, series }: ChartProps, width: number): uPlot.Options {
  const axis = {
    stroke: colourValue('muted'),
    grid: { stroke: colourValue('grid'), width: 1 },
    ticks: { stroke: colourValue('grid'), width: 1 },
  };
  // Of lines that go on, the last values are shown where none is pointed at.
  const goesOn = ['epoch', 'step'].includes(xLabel);
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: false } },
    axes: [
      {
        ...axis,
        label: xLabel,
        labelSize: 20,
        ...(goesOn ? { incrs: WHOLE_STEPS } : FINE),
      },
      { ...axis, values: axisTexts, size: widthOf },
    ],
    series: [
      {
        label: xLabel,
        value: (_: uPlot, value: number | null) => (value === null && goesOn ? 'last' : figureText(value)),
      },
      ...series.map(({ label, look: { colour, dash }, isPoints = false }) => ({
        label: series.length === 1 ? title : label,
        stroke: colourValue(colour),
        width: 1.5,
        dash: [...dash],
        ...(isPoints && { paths: () => null }),
        points: {
          show: (_: uPlot, at: number): boolean => isPoints || (series[at - 1]?.x.length ?? 0) < 2,
        },
        value: (plot: uPlot, value: number | null, place: number, at: number | null) =>
          figureText(at === null && goesOn ? lastOf(plot.data[place]!) : value),
      })),
    ],
    legend: {
      markers: {
        fill: (_, at) => (isDashed(series, at) ? 'transparent' : colourOf(series, at)),
        stroke: (_, at) => colourOf(series, at),
        dash: (_, at) => (isDashed(series, at) ? 'dashed' : 'solid'),
      },
    },
  };
}

/** Whether a series of the plot, which counts x as its first, is a dashed line. */
function isDashed(series: readonly Series[], at: number): boolean {
  return (series[at - 1]?.look.dash.length ?? 0) > 0;
}

function colourOf(series: readonly Series[], at: number): string {
  const look = series[at - 1]?.look;
  return look ? colourValue(look.colour) : 'transparent';
}

function lastOf(values: ArrayLike<number | null | undefined>): number | null {
  return Array.from(values).findLast((value) => value !== null && value !== undefined) ?? null;
}

/** The series over the x of all of them. */
function dataOf(series: readonly Series[]): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  return uPlot.join(series.map(({ x, y }): uPlot.AlignedData => [[...x], [...y]]));
}

function inWords({ label, y }: Series): string {
  const values = y.filter((value) => value !== null);
  if (values.length === 0) return `${label}: no value yet`;
  const short = (value: number): number => Number(value.toPrecision(4));
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return `${label}: last ${short(values.at(-1)!)}, least ${short(least)}, greatest ${short(greatest)}`;
}
