import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { checkData, type DataCheck } from '../data/check/checkData.js';
import type { DataReport } from '../data/check/report.js';
import { canBeListed, exclusionLines } from '../data/folders/exclusions.js';
import { UsageError, UserError } from '../errors.js';
import { oneLine } from '../formats/quote.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { archiveEvents } from '../runs/loadData.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { shellWord } from '../runs/shellWord.js';
import { logFormatOption } from './options.js';
import { countOf, formatTable, type LogFormat, printJson, printLine } from './output.js';
import { ProgressLine } from './progressLine.js';
import { runLog } from './runLog.js';
import { settingOption } from './settingOptions.js';

interface CheckDataFlags {
  readonly exclude?: string;
  readonly writeExclude?: string;
  readonly valShare?: number;
  readonly splitSeed?: number;
  readonly logFormat: LogFormat;
}

/** Adds the argument, options and action of `check-data`. */
export function configureCheckData(command: Command): void {
  command
    .argument(
      '<dir>',
      'folder with one subfolder per class, or with train/ and val/ that have them; or .tar archives, also by URL',
    )
    .addOption(new Option('--exclude <file>', 'list of images to leave out'))
    .addOption(new Option('--write-exclude <file>', 'write a list of unusable files, for train --exclude'))
    .addOption(settingOption('valShare'))
    .addOption(settingOption('splitSeed'))
    .addOption(logFormatOption())
    .action(runCheckData);
}

async function runCheckData(place: string, flags: CheckDataFlags): Promise<void> {
  const { writeExclude, exclude: excludeList, valShare, splitSeed, logFormat } = flags;
  if (writeExclude !== undefined && existsSync(writeExclude))
    throw new UsageError(`${writeExclude} already exists: --write-exclude takes the name of a new file`);
  checkTrainSettings({
    ...(valShare !== undefined && { valShare }),
    ...(splitSeed !== undefined && { splitSeed }),
  });
  const line = new ProgressLine(process.stderr);
  const check = await checkData(place, {
    excludeList,
    valShare,
    splitSeed,
    remote: archiveEvents(runLog()),
    onProgress: (done, total) => {
      if (logFormat === 'text') line.update(done / total, `${done}/${total} files`);
    },
  });
  line.clear();
  if (logFormat === 'json') printJson({ event: 'data', ...check });
  else printCheck(check);
  if (writeExclude !== undefined)
    await writeFileAtomically(writeExclude, [
      new TextEncoder().encode(exclusionLines(check.unusable.filter(canBeListed))),
    ]);
  refuseUnusable(check, writeExclude);
}

function refuseUnusable({ unusable, stops, isArchives }: DataCheck, list: string | undefined): void {
  const more = stops.length > 0 ? `; and ${stops.join('; ')}` : '';
  if (unusable.length > 0)
    throw new UserError(
      `${countOf(unusable.length, 'file')} cannot be used; ${isArchives ? archiveRemedy(unusable) : remedy(unusable, list)}${more}`,
    );
  if (stops.length > 0) throw new UserError(`training would fail: ${stops.join('; ')}`);
}

function archiveRemedy({ length }: readonly string[]): string {
  return `write the archives again without ${length === 1 ? 'it' : 'them'}`;
}

/** How to train without files: by a list, but for those that cannot be on one. */
function remedy(unusable: readonly string[], list: string | undefined): string {
  const listed = unusable.filter(canBeListed).length;
  const others = unusable.filter((path) => !canBeListed(path));
  const first = others[0];
  const which = listed < unusable.length ? 'the others' : listed === 1 ? 'it' : 'them';
  const leave = `leave ${which} out with train --exclude ${list === undefined ? 'LIST' : shellWord(list)}`;
  if (first === undefined) return leave;
  const are = others.length === 1 ? 'has a' : `and ${others.length - 1} more have a`;
  const rename = `the name of ${JSON.stringify(first)} ${are} line break, which no list can have: rename it`;
  return listed === 0 ? rename : `${rename}, and ${leave}`;
}

function printCheck({ parts, warnings, notes }: DataCheck): void {
  for (const part of parts) printReport(part);
  for (const note of notes) printLine(oneLine(note));
  for (const warning of warnings) printLine(oneLine(`warning: ${warning}`));
}

function printReport({ part, folder, classes, empty, unreadable, foreign }: DataReport): void {
  const total = classes.reduce((sum, { count }) => sum + count, 0);
  printLine(
    `${folder}: ${countOf(total, 'image')} in ${countOf(classes.length, 'class', 'classes')} (${part})`,
  );
  printLine(
    formatTable(
      ['class', 'images'],
      classes.map(({ name, count }) => [name, String(count)]),
    ),
  );
  for (const path of empty) printLine(oneLine(`empty: ${path}`));
  for (const { reason } of unreadable) printLine(oneLine(`unreadable: ${reason}`));
  for (const { path, format } of foreign) printLine(oneLine(`unsupported format: ${path} (${format})`));
  printLine();
}
