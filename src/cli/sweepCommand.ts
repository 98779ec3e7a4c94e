import { basename, extname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { processorsAtHand } from '../engines/host/processors.js';
import { UserError } from '../errors.js';
import { compareRuns } from '../report/compare/comparison.js';
import { comparisonPage } from '../report/compare/comparisonPage.js';
import { comparisonTables, csvOf, markdownOf } from '../report/compare/tables.js';
import { RUNS } from '../runs/openRun.js';
import { decidedThreads } from '../runs/threads/decidedThreads.js';
import { type PlannedRun, planSweep } from '../sweep/plan.js';
import { Sweep, type SweepEvent } from '../sweep/sweep.js';
import { afterSeconds } from './afterSeconds.js';
import { parseDuration } from './duration.js';
import { logFormatOption } from './options.js';
import {
  formatCount,
  formatTable,
  Interrupted,
  type LogFormat,
  printJson,
  printLine,
  printNotice,
} from './output.js';
import { writeOutput } from './outputFile.js';
import { parseCount } from './parsing.js';
import { ProgressLine } from './progressLine.js';
import { watchSignals } from './signals.js';
import { trainCommands } from './trainCommands.js';

interface SweepFlags {
  readonly dir?: string;
  readonly parallel: number;
  readonly stopLosers: boolean;
  /** Seconds. */
  readonly budget?: number;
  readonly logFormat: LogFormat;
}

/** Adds the argument, options and action of `sweep`. */
export function configureSweep(command: Command): void {
  command
    .argument('<file>', 'JSON file with what is varied')
    .option('--dir <folder>', 'folder of the runs (default: runs/ and the name of the file)')
    .addOption(
      new Option('--parallel <n>', 'runs at a time, which share the processors, or an NVIDIA GPU')
        .argParser(parseCount)
        .default(1),
    )
    .option(
      '--stop-losers',
      'end runs early that after half of their epochs are below the median of at least three complete ones',
      false,
    )
    .addOption(
      new Option(
        '--budget <time>',
        'time such as 9m or 2h after which the runs are stopped, saved, and compared as far as they are (default: as long as it takes)',
      ).argParser(parseDuration),
    )
    .addOption(logFormatOption())
    .addHelpText('after', HELP)
    .action(sweep);
}

const HELP = `
The file has settings of all runs, and what is varied: values of single settings (every combination is a run), or
configurations of several settings each. Every seed is a run:
  {
    "settings": { "data": "synthetic", "model": "shufflenetv2", "ratio": 0.5, "epochs": 5 },
    "configurations": [{ "loss": "ce" }, { "loss": "bias", "beta": 0.3 }, { "loss": "bias", "beta": 0.7 }],
    "vary": { "baseLr": [0.1, 0.05] },
    "seeds": [0, 1, 2]
  }
With "trials": N, N combinations are drawn at random; then a value may be a range: { "min": 0.01, "max": 0.3, "log": true }.
The same command resumes a sweep that was stopped. With "engine": "cuda" the runs are threads of one process, which
an NVIDIA GPU trains at the same time.

Example:
  biasloss sweep losses.json --parallel 2`;

async function sweep(file: string, flags: SweepFlags): Promise<void> {
  const { dir, parallel, stopLosers, budget, logFormat } = flags;
  const plan = planSweep(file);
  const folder = dir ?? join(RUNS, basename(file, extname(file)));
  const log = new SweepLog(plan.runs, logFormat);
  const opened = await Sweep.open({
    folder,
    ...plan,
    parallel,
    threads: decidedThreads(null) ?? Math.max(1, Math.floor(processorsAtHand() / parallel)),
    dropsLosers: stopLosers,
    train: trainCommands,
    onEvent: (event) => log.event(event),
  });
  let code: number | undefined;
  const endSignals = watchSignals((signal, exitCode) => {
    code = exitCode;
    opened.stop();
    printNotice(`${signal}: finishing the steps and saving; the same command resumes the sweep`);
  });
  const endBudget = (): void => {
    opened.stop();
    printNotice('the time is up: finishing the steps and saving');
  };
  const endTimer = budget === undefined ? undefined : afterSeconds(budget, endBudget);
  try {
    log.watch(opened);
    await opened.train();
  } finally {
    endTimer?.();
    log.end();
    endSignals();
    opened.close();
  }
  if (code !== undefined) throw new Interrupted(`the sweep is stopped; the same command resumes it`, code);
  await finish(opened, plan.runs, folder, logFormat);
}

/** Prints the comparison of the runs, and writes it into their folder. */
async function finish(
  done: Sweep,
  runs: readonly PlannedRun[],
  folder: string,
  logFormat: LogFormat,
): Promise<void> {
  const failed = runs.filter(({ name }) => done.stateOf(name) === 'failed');
  const others = runs.filter(({ name }) => done.stateOf(name) !== 'failed');
  const trained = others.filter(({ name }) => done.hasEpochs(name));
  // Of one that has ended the folder may have been removed meanwhile.
  const open = others.filter(({ name }) => done.stateOf(name) === 'open' || !done.hasEpochs(name));
  if (trained.length > 0) {
    const comparison = compareRuns(trained.map(({ name }) => join(folder, name)));
    const write = (name: string, text: string): Promise<void> =>
      writeOutput(join(folder, name), text.trimEnd());
    await write('sweep.csv', csvOf(comparison));
    await write('sweep.md', markdownOf(comparisonTables(comparison)));
    await write('sweep.html', await comparisonPage(comparison));
    if (logFormat === 'json') printJson({ event: 'comparison', ...comparison });
    else printTables(comparison, folder);
  }
  if (open.length > 0)
    printNotice(`${open.length} of ${runs.length} runs lack epochs; the same command resumes the sweep`);
  if (failed.length > 0)
    throw new UserError(`${failed.length} of ${runs.length} runs failed; the same command tries them again`);
}

function printTables(comparison: Parameters<typeof comparisonTables>[0], folder: string): void {
  for (const { title, header, rows } of comparisonTables(comparison))
    printLine(`\n${title}\n\n${formatTable(header, rows)}`);
  printLine(
    `\ncomparison: ${['csv', 'md', 'html'].map((ending) => join(folder, `sweep.${ending}`)).join(', ')}`,
  );
}

/** Milliseconds between looks at how far the runs are. */
const INTERVAL = 500;

/** What a sweep prints while it runs. */
class SweepLog {
  private readonly line = new ProgressLine(process.stderr);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly runs: readonly PlannedRun[],
    private readonly format: LogFormat,
  ) {}

  event(event: SweepEvent): void {
    if (this.format === 'json') {
      const { kind, run, ...rest } = event;
      printJson({ event: `run_${kind}`, run: run.name, ...rest });
      return;
    }
    const place = `${this.runs.findIndex(({ name }) => name === event.run.name) + 1}/${this.runs.length}`;
    if (event.kind === 'start') printLine(`${place}  ${event.run.name}${event.isResumed ? ': resumed' : ''}`);
    else if (event.state === 'failed') printLine(`${place}  ${event.run.name}: failed: ${event.problem}`);
    else printLine(`${place}  ${event.run.name}: ${event.state === 'done' ? 'done' : 'ended early'}`);
  }

  /** Shows how far the runs are, until {@link end}. */
  watch(running: Sweep): void {
    if (this.format === 'json') return;
    this.timer = setInterval(() => {
      const { ended, running: now } = running.progress;
      const epochsOf = (name: string): number => this.runs.find((run) => run.name === name)?.epochs ?? 1;
      const epochs = now.map(([name, { epoch, phase }]) =>
        epoch === 0 ? phase : `epoch ${epoch}/${epochsOf(name)}`,
      );
      const shares = now.map(([name, { epoch }]) => Math.max(0, epoch - 1) / epochsOf(name));
      const rate = now.reduce((sum, [, { imagesPerSecond }]) => sum + (imagesPerSecond ?? 0), 0);
      const together = rate > 0 ? `, ${formatCount(Math.round(rate))} images/s` : '';
      this.line.update(
        shares.reduce((sum, share) => sum + share, ended) / this.runs.length,
        `${ended}/${this.runs.length} runs, now ${epochs.join(', ')}${together}`,
      );
    }, INTERVAL);
  }

  end(): void {
    clearInterval(this.timer);
    this.line.clear();
  }
}
