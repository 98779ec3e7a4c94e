import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type EngineChoice, engineChoices } from '../engines/createEngine.js';
import { type Curve, curvesSvg } from './curves.js';
import { readMetrics } from './metricsFile.js';
import { nameOption, parseCount } from './options.js';
import { printLine } from './output.js';
import { runTraining } from './runTraining.js';

interface QuickstartFlags {
  readonly epochs: number;
  readonly engine: EngineChoice;
  readonly runDir: string;
}

const LOSSES = [
  { loss: 'bias', title: 'bias loss', colour: '#0b6e99' },
  { loss: 'ce', title: 'cross-entropy', colour: '#d9730d' },
] as const;

/** Small batches and a moderate rate: above 90% under both losses in few steps. */
const SETTINGS = {
  model: 'shufflenetv2',
  ratio: 0.5,
  data: 'synthetic',
  limitTrain: 6000,
  limitTest: 1000,
  batchSize: 32,
  baseLr: 0.05,
  schedule: 'cosine',
  warmupEpochs: 0.5,
} as const;

/** Adds the `quickstart` command. */
export function addQuickstartCommand(program: Command): void {
  program
    .command('quickstart')
    .description(
      'Train shufflenetv2 0.5 on generated images under both losses; ends with accuracies and an image of the curves.',
    )
    .option('--epochs <n>', 'epochs of each training', parseCount, 5)
    .addOption(nameOption('--engine <name>', 'engine', engineChoices).default('auto'))
    .option(
      '--run-dir <folder>',
      'folder for both runs',
      join('runs', `quickstart-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`),
    )
    .action(runQuickstart);
}

async function runQuickstart({ epochs, engine, runDir }: QuickstartFlags): Promise<void> {
  const curves: Curve[] = [];
  const results: string[] = [];
  for (const { loss, title, colour } of LOSSES) {
    printLine(`\nshufflenetv2 0.5 on generated images, ${title}`);
    const folder = await runTraining({
      settings: { ...SETTINGS, loss, epochs, engine },
      runDir: join(runDir, loss),
      logFormat: 'text',
    });
    const metrics = readMetrics(folder);
    curves.push({ label: `${title}, test`, colour, values: metrics.test_top1! });
    curves.push({
      label: `${title}, training`,
      colour,
      dashed: true,
      values: metrics.train_top1!,
    });
    results.push(
      `${title.padEnd(14)} top-1 ${metrics.test_top1!.at(-1)!.toFixed(2)}%   model ${join(folder, 'best.safetensors')}`,
    );
  }
  const image = join(runDir, 'curves.svg');
  writeFileSync(image, curvesSvg('shufflenetv2 0.5 on generated images', 'top-1, %', curves));
  printLine(`\n${results.join('\n')}\ncurves         ${image}`);
}
