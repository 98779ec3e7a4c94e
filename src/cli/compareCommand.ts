import { type Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { type Comparison, compareRuns } from '../report/compare/comparison.js';
import { comparisonPage } from '../report/compare/comparisonPage.js';
import { comparisonTables, csvOf, markdownOf } from '../report/compare/tables.js';
import { jsonLine } from '../runs/eventRecord.js';
import { withEpochs } from './comparable.js';
import { nameOption } from './options.js';
import { formatTable, printLine } from './output.js';
import { checkOutput, writeOutput } from './outputFile.js';

const FORMATS = ['text', 'csv', 'md', 'json', 'html'] as const;

type Format = (typeof FORMATS)[number];

interface CompareFlags {
  readonly metric: string;
  readonly of: 'last' | 'best';
  readonly format: Format;
  readonly output?: string;
}

/** Adds the arguments, options and action of `compare`. */
export function configureCompare(command: Command): void {
  command
    .argument('<run...>', 'folders of runs, or their names in runs/')
    .addOption(new Option('--metric <column>', 'column of metrics.csv').default('test_top1'))
    .addOption(
      nameOption('--of <value>', 'value of a run that groups are compared by', ['last', 'best']).default(
        'last',
      ),
    )
    .addOption(nameOption('--format <format>', 'what is printed', FORMATS).default('text'))
    .option('--output <file>', 'file to write instead')
    .addHelpText(
      'after',
      '\nRuns that differ by their seeds alone are a group: mean, standard deviation, and a paired t-test between groups.' +
        '\n\nExample:\n  biasloss compare runs/bias-1 runs/bias-2 runs/ce-1 runs/ce-2 --format html --output compare.html',
    )
    .action(compare);
}

async function compare(runs: string[], { format, output, ...options }: CompareFlags): Promise<void> {
  checkOutputName(output, format);
  const comparison = compareRuns(withEpochs(runs), options);
  const text = await formatted(comparison, format);
  if (output === undefined) {
    printLine(text);
    return;
  }
  await writeOutput(output, text);
  printLine(`comparison: ${output}`);
}

/** @throws UsageError for a name that says another format */
function checkOutputName(output: string | undefined, format: Format): void {
  const named = FORMATS.find((other) => output?.endsWith(`.${other}`));
  if (named !== undefined && named !== format)
    throw new UsageError(
      `--output ${output} would have --format ${format}: give --format ${named}, or another name`,
    );
  checkOutput(output, '--output', format === 'text' ? [''] : [`.${format}`]);
}

async function formatted(comparison: Comparison, format: Format): Promise<string> {
  switch (format) {
    case 'csv':
      return csvOf(comparison);
    case 'json':
      return jsonLine({ ...comparison });
    case 'html':
      return (await comparisonPage(comparison)).trimEnd();
    case 'md':
      return markdownOf(comparisonTables(comparison));
    case 'text':
      return comparisonTables(comparison)
        .map(({ title, header, rows }) => `${title}\n\n${formatTable(header, rows)}`)
        .join('\n\n');
  }
}
