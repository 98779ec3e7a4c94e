import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { type Metrics, readMetrics } from '../runs/metricsFile.js';
import { type Curve, curvesSvg } from './curvesSvg.js';
import { formatTable, printLine } from './output.js';

interface CurvesFlags {
  readonly metric: string;
  readonly labels?: readonly string[];
  readonly title?: string;
  readonly output: string;
}

/** Told apart by people who see few colours, too (Okabe and Ito); runs beyond them are dashed. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/** Metrics whose columns are percentages. */
const PERCENT = /top[15]$|percent$/;

/** Adds the arguments, options and action of `curves`. */
export function configureCurves(command: Command): void {
  command
    .argument('<run...>', 'folders of runs, or their names in runs/')
    .addOption(new Option('--metric <column>', 'column of metrics.csv').default('test_top1'))
    .option('--labels <text...>', 'names of the runs in the image (default: their folders’)')
    .option('--title <text>', 'title of the image (default: the metric)')
    .option('--output <file>', 'image to write', 'curves.svg')
    .action((runs: string[], flags: CurvesFlags) => drawCurves(runs, flags));
}

async function drawCurves(runs: readonly string[], flags: CurvesFlags): Promise<void> {
  const { metric, labels = runs.map((run) => basename(resolve(run))), output } = flags;
  if (labels.length !== runs.length)
    throw new UsageError(`--labels has ${labels.length} names for ${runs.length} runs`);
  const curves = runs.map((run, i): Curve => {
    const values = columnOf(readMetrics(run), metric, run);
    const colour = COLOURS[i % COLOURS.length]!;
    return { label: labels[i]!, colour, values, dashed: i >= COLOURS.length };
  });
  const name = metric.replaceAll('_', ' ').replace(/top(?=[15]$)/, 'top-');
  const axis = PERCENT.test(metric) ? `${name}, %` : name;
  await writeFileAtomically(output, [new TextEncoder().encode(curvesSvg(flags.title ?? name, axis, curves))]);
  const rows = curves.map(({ label, values }) => [
    label,
    String(values.length),
    String(values.at(-1)),
    ...extremesOf(values).map(String),
  ]);
  printLine(formatTable(['run', 'epochs', 'last', 'greatest', 'least'], rows));
  printLine(`\nimage: ${output}`);
}

/** The greatest and the least of the values that are finite; NaN where none is. */
function extremesOf(values: readonly number[]): [greatest: number, least: number] {
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? [Number.NaN, Number.NaN] : [Math.max(...finite), Math.min(...finite)];
}

function columnOf(metrics: Metrics, metric: string, run: string): readonly number[] {
  const values = metrics[metric];
  if (!values)
    throw new UsageError(`${run} has no metric ${metric}; it has ${Object.keys(metrics).join(', ')}`);
  return values;
}
