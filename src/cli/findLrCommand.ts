import { type Command, Option } from 'commander';
import { UsageError, UserError } from '../errors.js';
import { chartSvg } from '../report/charts/chart.js';
import { findRate } from '../runs/findRate.js';
import { checkClasses } from '../runs/loadData.js';
import { newRunConfig } from '../runs/openRun.js';
import { type RatePoint, type SuggestedRates, suggestRates } from '../train/rateSweep.js';
import { printJson, printLine } from './output.js';
import { checkOutput, writeOutput } from './outputFile.js';
import { parseCount, parseNumber } from './parsing.js';
import { ProgressLine } from './progressLine.js';
import { runLog } from './runLog.js';
import type { TrainRequest } from './runTraining.js';
import { addTrainOptions, type TrainFlags, withTrainRequest } from './trainCommand.js';

interface FindLrFlags extends TrainFlags {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly output: string;
}

/** Least steps: fewer give no curve. */
const LEAST_STEPS = 20;

/** Adds the options and the action of `find-lr`. */
export function configureFindLr(command: Command): void {
  const options = [
    new Option('--from <rate>', 'first learning rate').argParser(parseNumber).default(1e-7),
    new Option('--to <rate>', 'last learning rate, unless the loss diverges before')
      .argParser(parseNumber)
      .default(10),
    new Option('--steps <n>', 'steps from the first to the last').argParser(parseCount).default(100),
    new Option('--output <file>', 'SVG image of the curve').default('find-lr.svg'),
  ];
  for (const option of options) command.addOption(option.helpGroup('Search:'));
  addTrainOptions(command, ['--run-dir', '--resume', '--no-report']);
  command.addHelpText(
    'after',
    '\nAll settings of train count, but for the rate, its schedule and the epochs. No run is left behind.' +
      '\n\nExample:\n  biasloss find-lr --data imagefolder --data-path images --model mobilenet_v3_small --optimizer adamw',
  );
  command.action(({ from, to, steps, output, ...flags }: FindLrFlags) =>
    withTrainRequest(flags, (request) => runFindLr(request, { from, to, steps, output })),
  );
}

async function runFindLr(
  request: TrainRequest,
  { output, ...sweep }: Pick<FindLrFlags, 'from' | 'to' | 'steps' | 'output'>,
): Promise<void> {
  checkSweep(sweep);
  checkOutput(output, '--output', ['.svg']);
  const onEvent = runLog();
  const config = await newRunConfig(request, onEvent);
  const line = new ProgressLine(process.stderr);
  const points = await findRate(config, {
    ...sweep,
    onEvent,
    onData: ({ train }) => checkClasses(request.classes, config.data, train.classes),
    onProgress: (done, { learningRate, smoothed }) => {
      if (request.logFormat === 'text')
        line.update(done, `learning rate ${rateText(learningRate)}  loss ${smoothed.toFixed(3)}`);
    },
  }).finally(() => line.clear());
  if (points.length === 0)
    throw new UserError(`the loss is not finite at the first rate: --from ${sweep.from} is too large`);
  const suggested = suggestRates(points);
  await writeOutput(output, (await curveSvg(points, suggested)).trimEnd());
  if (request.logFormat === 'json') printJson(recordOf(points, suggested, output));
  if (!suggested)
    throw new UserError(
      `the loss falls at no rate from ${sweep.from} to ${sweep.to}: see ${output}, and give other --from and --to, or more --steps`,
    );
  if (request.logFormat === 'json') return;
  printLine(`suggested: --base-lr ${rateText(suggested.valley)} (the middle of the longest fall)`);
  printLine(`the loss falls most steeply at ${rateText(suggested.steepest)}`);
  printLine(`image: ${output}`);
}

function checkSweep({ from, to, steps }: Pick<FindLrFlags, 'from' | 'to' | 'steps'>): void {
  if (from <= 0) throw new UsageError(`--from must be a number above 0, not ${from}`);
  if (to <= from) throw new UsageError(`--to must be above --from ${from}, not ${to}`);
  if (steps < LEAST_STEPS)
    throw new UsageError(`--steps must be a whole number of at least ${LEAST_STEPS}, not ${steps}`);
}

function recordOf(
  points: readonly RatePoint[],
  suggested: SuggestedRates | undefined,
  image: string,
): Record<string, unknown> {
  const rows = points.map(({ learningRate: learning_rate, loss, smoothed }) => ({
    learning_rate,
    loss,
    smoothed,
  }));
  return { event: 'rates', suggested: suggested?.valley, steepest: suggested?.steepest, image, points: rows };
}

/** A rate with three digits: 0.00123, 1.2e-7. */
function rateText(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}

function curveSvg(points: readonly RatePoint[], suggested: SuggestedRates | undefined): Promise<string> {
  const x = points.map(({ learningRate }) => learningRate);
  const y = points.map(({ smoothed }) => smoothed);
  const lines = [{ label: 'loss, smoothed', x, y }];
  const ends = [Math.min(...y), Math.max(...y)];
  const mark = suggested && {
    label: `suggested: ${rateText(suggested.valley)}`,
    x: [suggested.valley, suggested.valley],
    y: ends,
    dashed: true,
  };
  return chartSvg({
    title: 'loss while the learning rate grows',
    xLabel: 'learning rate',
    yLabel: 'loss',
    xLogarithmic: true,
    lines: mark ? [...lines, mark] : lines,
  });
}
