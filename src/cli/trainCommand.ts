import { type Command, Option } from 'commander';
import { type NameOfSetting, SettingError } from '../errors.js';
import { settingsOf } from '../report/runSettings.js';
import { folderOf } from '../runs/openRun.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { overridden } from '../runs/settings/effects.js';
import { RECIPES } from '../runs/settings/recipes.js';
import { SETTING_KEYS } from '../runs/settings/table.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { readConfigFile } from './configFile.js';
import { deviceOption, processorEngine } from './deviceFlag.js';
import { flagOf } from './flagNames.js';
import { classesOption, logFormatOption } from './options.js';
import { type LogFormat, printNotice } from './output.js';
import { runTraining, type TrainRequest } from './runTraining.js';
import { trainOptions } from './settingOptions.js';

/** Options of `train`. */
export type TrainFlags = RunFlags & Partial<TrainConfig>;

/** Options of `train` that are not settings of the run. */
interface RunFlags {
  readonly config?: string;
  readonly recipe?: string;
  readonly runDir?: string;
  readonly resume?: string;
  readonly report?: boolean;
  readonly logFormat: LogFormat;
  readonly classes?: number;
  readonly device?: 'cpu';
}

const EXAMPLES = `
Every setting is also a key of --config: docs/settings.md lists them all, with what a resume may change.

Examples:
  biasloss train --data synthetic --ratio 0.5 --epochs 4
  biasloss train --model resnet18 --data-path data --download --recipe biasloss-cifar100
  biasloss train --data imagefolder --data-path images --model skipblocknet --pretrained skipblocknet-m.pth
  biasloss train --resume runs/NAME`;

/** Adds the options and the action of `train`. */
export function configureTrain(command: Command): void {
  command.addHelpText('after', EXAMPLES);
  addTrainOptions(command);
  command.action((flags: TrainFlags) =>
    withTrainRequest(flags, async (request) => {
      await runTraining(request);
    }),
  );
}

/**
 * Adds the options of `train`.
 *
 * @param without long flags that the command does not have
 */
export function addTrainOptions(command: Command, without: readonly string[] = []): void {
  const hidden = [classesOption(), deviceOption()];
  for (const option of [...trainOptions(SETTING_KEYS), ...runOptions(), ...hidden])
    if (!without.includes(option.long!)) command.addOption(option);
}

/** Options that are not settings, under the heading of the settings of a run. */
function runOptions(): Option[] {
  const options = [
    new Option('--recipe <name>', `named settings: ${Object.keys(RECIPES).join(', ')}`),
    new Option('--config <file>', 'JSON file with settings; flags override it'),
    new Option('--run-dir <folder>', 'folder of a new run (default: runs/MODEL-DATA-LOSS-TIME)'),
    new Option('--resume <run>', 'resume the run in this folder, or of this name in runs/'),
    new Option('--no-report', 'end without report.html'),
    logFormatOption(),
  ];
  return options.map((option) => option.helpGroup('Run:'));
}

/**
 * Does something with what the flags of `train` ask for.
 *
 * @throws SettingError in which settings of a configuration file have the names that they have there
 */
export async function withTrainRequest(
  flags: TrainFlags,
  use: (request: TrainRequest) => Promise<void>,
): Promise<void> {
  const { config, recipe, runDir, resume, report, logFormat, classes, device, ...asked } = flags;
  const file = config === undefined ? {} : readConfigFile(config);
  const saved = (): unknown => (resume === undefined ? undefined : settingsOf(folderOf(resume))?.engine);
  const engine = device && processorEngine(asked.engine, file.engine ?? saved());
  const given = engine === undefined ? asked : { ...asked, engine };
  const nameOf: NameOfSetting = (key) =>
    Object.hasOwn(file, key) && !Object.hasOwn(given, key) ? `${key} in ${config}` : flagOf(key);
  try {
    const { settings, left } = overridden(file, checkTrainSettings(given));
    for (const { key, because } of left)
      printNotice(`${key} in ${config} has no effect with ${flagOf(because)} ${String(given[because])}`);
    await use({ settings, recipe, runDir, resume, report: report ?? true, logFormat, classes });
  } catch (error) {
    throw error instanceof SettingError ? error.named(nameOf) : error;
  }
}
