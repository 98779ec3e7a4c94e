import type { Command } from 'commander';
import { checkData, type DataReport } from '../data/folders/checkData.js';
import { UserError } from '../errors.js';
import { logFormatOption } from './options.js';
import { formatTable, type LogFormat, printJson, printLine } from './output.js';
import { ProgressLine } from './progressLine.js';

/** Adds the argument, options and action of `check-data`. */
export function configureCheckData(command: Command): void {
  command
    .argument('<dir>', 'folder with a folder a class, or with train/ and val/ of those')
    .addOption(logFormatOption())
    .action(runCheckData);
}

async function runCheckData(folder: string, { logFormat }: { readonly logFormat: LogFormat }): Promise<void> {
  const line = new ProgressLine(process.stderr);
  const reports = await checkData(folder, {
    onProgress: (done, total) => {
      if (logFormat === 'text') line.update(done / total, `${done}/${total} files`);
    },
  });
  line.clear();
  for (const report of reports) {
    if (logFormat === 'json') printJson({ event: 'data', ...report });
    else printReport(report);
  }
  const bad = reports.reduce(
    (total, { empty, unreadable, foreign }) => total + empty.length + unreadable.length + foreign.length,
    0,
  );
  const without = reports.flatMap(({ classes }) => classes.filter(({ count }) => count === 0)).length;
  if (bad > 0)
    throw new UserError(
      `${bad} ${bad === 1 ? 'file' : 'files'} cannot be used; leave them out by train --exclude LIST`,
    );
  if (without > 0)
    throw new UserError(
      `${without} ${without === 1 ? 'class has' : 'classes have'} no images: remove the folder`,
    );
}

function printReport({ folder, classes, empty, unreadable, foreign }: DataReport): void {
  const total = classes.reduce((sum, { count }) => sum + count, 0);
  printLine(`${folder}: ${total} images in ${classes.length} classes`);
  printLine(
    formatTable(
      ['class', 'images'],
      classes.map(({ name, count }) => [name, String(count)]),
    ),
  );
  for (const path of empty) printLine(`empty: ${path}`);
  for (const { reason } of unreadable) printLine(`unreadable: ${reason}`);
  for (const path of foreign) printLine(`of a format that is not read: ${path}`);
  printLine();
}
