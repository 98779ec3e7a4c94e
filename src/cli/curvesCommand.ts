import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { type Curve, curvesSvg } from './curves.js';
import { type Metrics, readMetrics } from './metricsFile.js';
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

/** Adds the `curves` command. */
export function addCurvesCommand(program: Command): void {
  program
    .command('curves')
    .description('Draw a metric of runs over their epochs, and list where it ended.')
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
    String(Math.max(...values)),
    String(Math.min(...values)),
  ]);
  printLine(formatTable(['run', 'epochs', 'last', 'greatest', 'least'], rows));
  printLine(`\nimage: ${output}`);
}

function columnOf(metrics: Metrics, metric: string, run: string): readonly number[] {
  const values = metrics[metric];
  if (!values)
    throw new UsageError(`${run} has no metric ${metric}; it has ${Object.keys(metrics).join(', ')}`);
  return values;
}
