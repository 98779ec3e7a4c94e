/** `npm run bench`: this library beside PyTorch, a table of images a second and peak memory. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Case, type Comparison, runCase } from './benchmark.js';
import { python } from './candidate.js';
import { busyShare, machine } from './machine.js';
import { type BenchmarkOptions, benchmarkCommand, benchmarkOptions } from './options.js';
import { comparisonTable } from './table.js';

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function pytorchVersion(): string | undefined {
  try {
    const code = 'import torch; print(torch.__version__)';
    return execFileSync(python, ['-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

function cases(options: BenchmarkOptions, pytorch: boolean): Case[] {
  const { threads, engine, precisions, rounds, steps } = options;
  return options.models.flatMap(({ label, batch, workload }) =>
    options.modes.map((mode) => ({
      label,
      workload: { ...workload, batch: options.batch ?? batch, mode, threads },
      precisions,
      engine,
      rounds,
      steps,
      sides: { ours: options.ours, pytorch },
    })),
  );
}

/** Above this share of the processors' time in other hands, figures mislead. */
const MOST_BUSY = 0.1;

function busyText(busy: number): string {
  return `other processes took up to ${(100 * busy).toFixed(0)}% of the processors; threads that wait for each other lose far more than that`;
}

async function main(): Promise<void> {
  const options = benchmarkOptions(benchmarkCommand().parse());
  const version = options.pytorch ? pytorchVersion() : undefined;
  if (options.pytorch && version === undefined)
    progress(`${python} has no PyTorch: timing this library alone`);
  const where = machine();
  const comparisons: Comparison[] = [];
  const failures: string[] = [];
  let busy = 0;
  for (const one of cases(options, version !== undefined)) {
    busy = Math.max(busy, await busyShare());
    const result = await runCase(one, progress);
    comparisons.push(...result.comparisons);
    failures.push(...result.failures);
  }
  const versions = [...new Set(comparisons.flatMap(({ ours }) => ours?.version ?? []))];
  if (version !== undefined) versions.push(`PyTorch ${version}`);
  process.stdout.write(`${where.cpu}, ${options.threads} threads; ${versions.join('; ')}\n\n`);
  process.stdout.write(`${comparisonTable(comparisons)}\n`);
  if (busy > MOST_BUSY) process.stdout.write(`warning: ${busyText(busy)}\n`);
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  if (options.json !== undefined) {
    const record = { machine: where, busy, pytorch: version ?? null, comparisons, failures };
    writeFileSync(options.json, `${JSON.stringify(record, null, 1)}\n`);
  }
  if (failures.length > 0) process.exitCode = 1;
}

await main();
