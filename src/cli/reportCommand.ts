import type { Command } from 'commander';
import { writeReport } from '../report/writeReport.js';
import { runFolderOf } from '../runs/metricsFile.js';
import { printLine, printNotice } from './output.js';
import { checkOutput } from './outputFile.js';

interface ReportFlags {
  readonly output?: string;
}

/** Adds the argument, option and action of `report`. */
export function configureReport(command: Command): void {
  command
    .argument('<run>', 'folder of a run, or its name in runs/')
    .option('--output <file>', 'page to write (default: report.html in the run’s folder)')
    .action(async (run: string, { output }: ReportFlags) => {
      checkOutput(output, '--output', ['.html', '.htm']);
      const { path, missing, changes } = await writeReport(runFolderOf(run), {
        output,
        replacesFigures: false,
      });
      if (missing !== undefined) printNotice(`the report has no figures of the model: ${missing}`);
      if (changes !== undefined) printNotice(changes);
      printLine(`report: ${path}`);
    });
}
