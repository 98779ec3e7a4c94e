import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { checkData } from '../data/check/checkData.js';
import { exclusionLines } from '../data/folders/exclusions.js';
import { isWebDataset } from '../data/webdataset/shards.js';
import { sleepSoonWhenIdle } from '../engines/host/idle.js';
import { UsageError, UserError } from '../errors.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { isBusy } from '../runs/auto/chooseThreads.js';
import { pacer } from '../runs/auto/pacer.js';
import { type Plan, planTraining } from '../runs/auto/plan.js';
import { loadData } from '../runs/loadData.js';
import { makeNewFolder, makeRunFolder, removeEmpty } from '../runs/newFolder.js';
import { folderOf, RUNS, timeName } from '../runs/openRun.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { TRAIN_DEFAULTS } from '../runs/settings/table.js';
import { shellWord } from '../runs/shellWord.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { printPlan } from './autoPlan.js';
import { parseDuration } from './duration.js';
import { withExported, writeOnnxFile } from './onnxExport.js';
import { engineOptions, logFormatOption, modelOptions } from './options.js';
import { countOf, formatDuration, type LogFormat, printJson, printLine, printNotice } from './output.js';
import { ProgressLine } from './progressLine.js';
import { runLog } from './runLog.js';
import { runTraining } from './runTraining.js';
import { settingOption } from './settingOptions.js';

/** Settings that may be given instead of being chosen. */
type GivenSettings = Partial<TrainConfig>;

interface AutoFlags extends GivenSettings {
  readonly budget?: number;
  readonly runDir?: string;
  readonly resume?: string;
  readonly report: boolean;
  readonly logFormat: LogFormat;
}

/** List of files that a run leaves out, in its folder. */
const EXCLUDED = 'exclude.txt';

/** Seconds of the default budget. */
const BUDGET = 600;

/** Adds the argument, options and action of `auto`. */
export function configureAuto(command: Command): void {
  command.argument(
    '[dir]',
    'folder with one subfolder of images per class, or with train/ and val/ that have them; or .tar archives',
  );
  const chosen = { unset: 'chosen' };
  const options = [
    new Option(
      '--budget <time>',
      'time for everything, such as 90s, 10m or 2h (default: 10m; with --resume: as long as it takes)',
    ).argParser(parseDuration),
    ...modelOptions(chosen),
    settingOption('pretrained', chosen),
    settingOption('imageSize', chosen),
    settingOption('epochs', chosen),
    settingOption('valShare'),
    settingOption('seed'),
    settingOption('workers'),
    ...engineOptions(),
    new Option('--run-dir <folder>', 'folder of the run (default: runs/auto-TIME)'),
    new Option('--resume <run>', 'resume a run that was stopped, and do what comes after it'),
    new Option('--no-report', 'end without report.html'),
    logFormatOption(),
  ];
  for (const option of options) command.addOption(option);
  command.addHelpText(
    'after',
    '\nChecks the images, chooses a model and its image size by measured time, fine-tunes published weights if they are' +
      '\ncached or can be fetched (else trains from scratch), writes a report and best.onnx. The run is an ordinary one.' +
      '\n\nExample:\n  biasloss auto images --budget 10m',
  );
  command.action(runAuto);
}

async function runAuto(dir: string | undefined, flags: AutoFlags): Promise<void> {
  const { budget, runDir, resume, report, logFormat, ...given } = flags;
  // Threads that spin while they wait keep those that they wait for from a busy machine's processors.
  if (isBusy(availableParallelism())) sleepSoonWhenIdle();
  if ((dir === undefined) === (resume === undefined))
    throw new UsageError('auto takes a folder of images, or --resume with a run');
  if (resume !== undefined) {
    if (runDir !== undefined)
      throw new UsageError('--run-dir names the folder of a new run and cannot be used with --resume');
    await resumeRun(resume, { budget, report, logFormat, settings: checkTrainSettings(given) });
    return;
  }
  await runNew(dir!, {
    runDir,
    report,
    logFormat,
    budget: budget ?? BUDGET,
    given: checkTrainSettings(given),
  });
}

interface ResumedRun extends Pick<AutoFlags, 'report' | 'logFormat'> {
  readonly budget: number | undefined;
  readonly settings: GivenSettings;
}

async function resumeRun(resume: string, { budget, ...request }: ResumedRun): Promise<void> {
  const left = timer(budget ?? Number.POSITIVE_INFINITY);
  const run = folderOf(resume);
  // It may become shorter, not longer than it was planned.
  const isPaced = budget !== undefined && request.settings.epochs === undefined;
  const pace = isPaced ? () => pacer({ wanted: 0, secondsLeft: left }) : undefined;
  await finish(
    await runTraining({ ...request, pace, resume: run, resumeWith: resumeOf(run) }),
    request.logFormat,
  );
}

interface NewRun extends Pick<AutoFlags, 'report' | 'logFormat'> {
  readonly budget: number;
  readonly runDir: string | undefined;
  readonly given: GivenSettings;
}

async function runNew(place: string, { runDir, report, logFormat, budget, given }: NewRun): Promise<void> {
  const left = timer(budget);
  const unusable = await checkedImages(place, { ...given, logFormat });
  const made =
    runDir === undefined
      ? makeNewFolder(RUNS, `auto-${timeName()}`)
      : { path: runDir, folders: makeRunFolder(runDir) };
  const folder = made.path;
  try {
    const data = isWebDataset(place) ? 'webdataset' : 'imagefolder';
    const exclude = await excludeList(folder, unusable);
    const settings: GivenSettings = { ...given, data, dataPath: place, ...exclude };
    const plan = await planFor(settings, { logFormat, secondsLeft: left });
    printPlan(plan, budget, logFormat);
    const pace =
      given.epochs === undefined ? () => pacer({ wanted: plan.wanted, secondsLeft: left }) : undefined;
    const request = { settings: plan.settings, recipe: 'finetune', runDir: folder, report, logFormat, pace };
    await finish(await runTraining({ ...request, resumeWith: resumeOf(folder) }), logFormat);
  } finally {
    if (!existsSync(join(folder, 'config.json'))) {
      rmSync(join(folder, EXCLUDED), { force: true });
      removeEmpty(made.folders);
    }
  }
  if (logFormat === 'text')
    printLine(`done in ${formatDuration(budget - left())} of ${formatDuration(budget)}`);
}

/** Counts down from a number of seconds: returns those that are left, which are negative after that. */
function timer(seconds: number): () => number {
  const begin = performance.now();
  return () => seconds - (performance.now() - begin) / 1000;
}

const resumeOf = (run: string): string => `auto --resume ${shellWord(run)}`;

/** Checks the images, and returns the files that cannot be used. @throws UserError when training would fail */
async function checkedImages(
  place: string,
  { valShare, logFormat }: Pick<AutoFlags, 'valShare' | 'logFormat'>,
): Promise<readonly string[]> {
  const line = new ProgressLine(process.stderr);
  const check = await checkData(place, {
    valShare,
    onProgress: (done, total) => {
      if (logFormat === 'text') line.update(done / total, `checking ${done}/${total} files`);
    },
  }).finally(() => line.clear());
  const { unusable, warnings, stops, isArchives } = check;
  if (stops.length > 0) throw new UserError(`training would fail: ${stops.join('; ')}`);
  for (const warning of warnings) printNotice(`warning: ${warning}`);
  if (unusable.length === 0) return [];
  const files = countOf(unusable.length, 'file');
  if (isArchives)
    throw new UserError(
      `${files} cannot be used, such as ${unusable[0]}: write the archives again without them`,
    );
  printNotice(`${files} cannot be used and will be left out, such as ${unusable[0]}`);
  return unusable;
}

/** Writes the list of files to leave out into the run's folder. */
async function excludeList(folder: string, unusable: readonly string[]): Promise<GivenSettings> {
  if (unusable.length === 0) return {};
  const exclude = join(folder, EXCLUDED);
  await writeFileAtomically(exclude, [Buffer.from(exclusionLines(unusable))]);
  return { exclude };
}

async function planFor(
  settings: GivenSettings,
  { logFormat, secondsLeft }: { readonly logFormat: LogFormat; secondsLeft(): number },
): Promise<Plan> {
  const onEvent = runLog();
  // The run loads the data again, and says then what there is to say.
  const data = await loadData({ ...TRAIN_DEFAULTS, ...settings }, (event) => {
    if (event.event !== 'notice') onEvent(event);
  });
  const line = new ProgressLine(process.stderr);
  try {
    return await planTraining({
      data,
      settings,
      secondsLeft,
      onEvent,
      onMeasure: ({ model, imageSize }) => {
        if (logFormat === 'text') line.wait(`measuring ${model} at ${imageSize}×${imageSize}`);
      },
    });
  } finally {
    line.clear();
  }
}

/** Exports the best weights of a complete run. @throws UserError when no epoch's evaluation had finite logits */
async function finish(run: string, logFormat: LogFormat): Promise<void> {
  const output = join(run, 'best.onnx');
  const checkpoint = join(run, 'best.safetensors');
  if (!existsSync(checkpoint))
    throw new UserError(
      `${run} has no best weights to export: the logits of no epoch’s evaluation were all finite`,
    );
  const flags = { checkpoint, includePreprocessing: true };
  const { size } = await withExported(flags, (exported) => writeOnnxFile(output, exported, flags));
  if (logFormat === 'json') printJson({ event: 'export', path: output, bytes: size });
  else
    printLine(
      `model: ${output} (${(size / 1e6).toFixed(2)} MB); try: biasloss predict --checkpoint ${shellWord(output)} IMAGE`,
    );
}
