import { join } from 'node:path';
import type { Command } from 'commander';
import { chartSvg, type Line } from '../report/charts/chart.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { readMetrics } from '../runs/metricsFile.js';
import { makeNewFolder, removeEmpty } from '../runs/newFolder.js';
import { RUNS, timeName } from '../runs/openRun.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { printLine } from './output.js';
import { parseCount } from './parsing.js';
import { runTraining } from './runTraining.js';
import { settingOption } from './settingOptions.js';

interface QuickstartFlags {
  readonly epochs: number;
  readonly engine?: TrainConfig['engine'];
  readonly threads?: number;
  readonly runDir?: string;
}

const LOSSES = [
  { loss: 'bias', title: 'bias loss', colour: '#0b6e99' },
  { loss: 'ce', title: 'cross-entropy', colour: '#d9730d' },
] as const;

/** Small batches and a moderate rate: above 90% with both losses in few steps. */
const SETTINGS = {
  model: 'shufflenetv2',
  ratio: 0.5,
  data: 'synthetic',
  limitTrain: 6000,
  limitTest: 1000,
  batchSize: 32,
  baseLr: 0.03,
  schedule: 'cosine',
  warmupEpochs: 0.8,
} as const;

/** Adds the options and the action of `quickstart`. */
export function configureQuickstart(command: Command): void {
  command
    .option('--epochs <n>', 'epochs of each training', parseCount, 5)
    .addOption(settingOption('engine'))
    .addOption(settingOption('threads', { help: 'threads of computation' }))
    .option('--run-dir <folder>', 'folder for both runs (default: runs/quickstart-TIME)')
    .action(runQuickstart);
}

async function runQuickstart(flags: QuickstartFlags): Promise<void> {
  const { path, folders } =
    flags.runDir === undefined
      ? makeNewFolder(RUNS, `quickstart-${timeName()}`)
      : { path: flags.runDir, folders: [] };
  try {
    await trainBoth(path, flags);
  } finally {
    removeEmpty(folders);
  }
}

async function trainBoth(
  folder: string,
  { epochs, runDir: _, ...computation }: QuickstartFlags,
): Promise<void> {
  const lines: Line[] = [];
  const results: string[] = [];
  for (const { loss, title, colour } of LOSSES) {
    printLine(`\nshufflenetv2 0.5 on generated images, ${title}`);
    const run = await runTraining({
      settings: { ...SETTINGS, loss, epochs, ...computation },
      runDir: join(folder, loss),
      logFormat: 'text',
    });
    const metrics = readMetrics(run);
    const x = metrics.epoch!;
    lines.push({ label: `${title}, test`, colour, x, y: metrics.test_top1! });
    lines.push({ label: `${title}, training`, colour, dashed: true, x, y: metrics.train_top1! });
    results.push(
      `${title.padEnd(14)} top-1 ${metrics.test_top1!.at(-1)!.toFixed(2)}%   model ${join(run, 'best.safetensors')}`,
    );
  }
  const image = join(folder, 'curves.svg');
  const svg = await chartSvg({
    title: 'shufflenetv2 0.5 on generated images',
    xLabel: 'epoch',
    yLabel: 'top-1, %',
    lines,
  });
  await writeFileAtomically(image, [new TextEncoder().encode(svg)]);
  printLine(`\n${results.join('\n')}\ncurves         ${image}`);
}
