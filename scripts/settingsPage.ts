import { Command } from 'commander';
import { flagOf } from '../src/cli/flagNames.js';
import { addTrainOptions } from '../src/cli/trainCommand.js';
import { RECIPES } from '../src/runs/settings/recipes.js';
import type { Setting } from '../src/runs/settings/setting.js';
import { SETTING_KEYS, type SettingKey, settingOf } from '../src/runs/settings/table.js';

const INTRODUCTION = `# Settings

All settings of a training. This page is generated from the table in \`src/runs/settings\` by \`npm run docs:settings\`.

Each one is a flag of \`biasloss train\`, a key of a \`--config\` file, and a property of \`TrainConfig\` in the library
(\`openRun\`, \`prepareTraining\`). A configuration is a JSON object:

\`\`\`json
{ "model": "resnet18", "dataPath": "data", "epochs": 30, "schedule": "cosine", "warmupEpochs": 1 }
\`\`\`

- Keys may also be written as \`data-path\` or \`data_path\`. Flags override the file, and the file overrides \`--recipe\`.
- Paths are relative to the working directory. The run folder keeps them absolute, so that a run can be resumed from any
  folder.
- A setting that has no effect beside the others, such as \`alpha\` with \`"loss": "ce"\`, is refused if it was given. Where
  a flag takes away the effect of what a file sets, the file's value is left out, and a notice says so.
- *On resume*: **may change** means that \`--resume\` takes another value; any other setting has to stay as it was.
- ${flagsAlone()} are flags without a key.
`;

/** The flags of `train` that are no settings. */
function flagsAlone(): string {
  const command = new Command('train');
  addTrainOptions(command);
  const own = new Set(SETTING_KEYS.flatMap((key) => [flagOf(key), `--no-${flagOf(key).slice(2)}`]));
  const flags = command.options.flatMap(({ long }) => (long && !own.has(long) ? [`\`${long}\``] : []));
  return `${flags.slice(0, -1).join(', ')} and ${flags.at(-1)}`;
}

/** The text of docs/settings.md. */
export function settingsPage(): string {
  const groups = [...new Set(SETTING_KEYS.map((key) => settingOf(key).group))];
  return [INTRODUCTION, ...groups.map(sectionOf), recipes()].join('\n');
}

function sectionOf(group: Setting<unknown>['group']): string {
  const rows = SETTING_KEYS.filter((key) => settingOf(key).group === group).map(rowOf);
  return [
    `## ${group}`,
    '',
    '| key and flag | what it is | values | default | on resume |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function rowOf(key: SettingKey): string {
  const setting = settingOf(key);
  const flag = setting.argument === null ? 'no flag' : `\`${flagOf(key)}\``;
  const { onlyWith } = setting;
  const only = onlyWith
    ? `; only with \`${onlyWith.key}\` ${onlyWith.values?.join(', ') ?? ''}`.trimEnd()
    : '';
  const cells = [
    `\`${key}\`<br>${flag}`,
    setting.help + only,
    valuesOf(setting),
    defaultOf(setting),
    setting.onResume === 'may change' ? '**may change**' : 'stays',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function valuesOf({ check, choices, path, words, kind, default: value }: Setting<unknown>): string {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  const orNull = value === null ? ', or `null`' : '';
  if (path) return [...(words ?? []).map((word) => `\`${word}\``), `a path${orNull}`].join(', ');
  return (kind === 'switch' ? '`true`, `false`' : check.expected) + orNull;
}

function defaultOf({ default: value, unset }: Setting<unknown>): string {
  const text = `\`${JSON.stringify(value)}\``;
  return unset === undefined ? text : `${text}: ${unset}`;
}

function recipes(): string {
  const each = Object.entries(RECIPES).map(
    ([name, settings]) => `\`${name}\`:\n\n\`\`\`json\n${JSON.stringify(settings, null, 2)}\n\`\`\`\n`,
  );
  return ['## Recipes', '', 'Settings under a name, which `--recipe` takes.', '', ...each].join('\n');
}
