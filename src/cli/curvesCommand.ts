import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { chartSvg, type Line } from '../report/charts/chart.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { type Metrics, readMetrics } from '../runs/metricsFile.js';
import { withEpochs } from './comparable.js';
import { formatTable, printLine } from './output.js';
import { checkOutput } from './outputFile.js';

interface CurvesFlags {
  readonly metric: string;
  readonly labels?: readonly string[];
  readonly title?: string;
  readonly output: string;
}

/** Metrics whose columns are percentages. */
const PERCENT = /top[15]$|percent$/;

/** Adds the arguments, options and action of `curves`. */
export function configureCurves(command: Command): void {
  command
    .argument('<run...>', 'folders of runs, or their names in runs/')
    .addOption(new Option('--metric <column>', 'column of metrics.csv').default('test_top1'))
    .option('--labels <text...>', 'names of the runs in the image (default: their folders’)')
    .option('--title <text>', 'title of the image (default: the metric)')
    .option('--output <file>', 'SVG image to write', 'curves.svg')
    .action((runs: string[], flags: CurvesFlags) => drawCurves(runs, flags));
}

async function drawCurves(runs: readonly string[], flags: CurvesFlags): Promise<void> {
  const { metric, labels = runs.map((run) => basename(resolve(run))), output } = flags;
  checkOutput(output, '--output', ['.svg']);
  if (labels.length !== runs.length)
    throw new UsageError(`--labels has ${labels.length} names for ${runs.length} runs`);
  const lines = withEpochs(runs).map((run): Line => {
    const metrics = readMetrics(run);
    return { label: labels[runs.indexOf(run)]!, x: metrics.epoch!, y: columnOf(metrics, metric, run) };
  });
  const name = metric.replaceAll('_', ' ').replace(/top(?=[15]$)/, 'top-');
  const axis = PERCENT.test(metric) ? `${name}, %` : name;
  const svg = await chartSvg({ title: flags.title ?? name, xLabel: 'epoch', yLabel: axis, lines });
  await writeFileAtomically(output, [new TextEncoder().encode(svg)]);
  const rows = lines.map(({ label, y }) => [
    label,
    String(y.length),
    String(y.at(-1)),
    ...extremesOf(y).map(String),
  ]);
  printLine(formatTable(['run', 'epochs', 'last', 'greatest', 'least'], rows));
  printLine(`\nimage: ${output}`);
}

/** The largest and smallest finite value; NaN if there is none. */
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
