import { writeFileSync } from 'node:fs';
import type { CaseResult, Comparison, Measured } from './benchmark.js';
import { busyText, type Machine } from './machine.js';
import { comparisonTable, figure } from './table.js';

/** Everything a run of the benchmark found. */
export interface Report extends CaseResult {
  readonly machine: Machine;
  /** The greatest share of the processors' time in others' hands, sampled before and after each case. */
  readonly busy: number;
}

/** The report as text: versions, the table, warnings. */
export function reportText({ machine, busy, comparisons, failures }: Report): string {
  const lines = [`${machine.cpu}; ${versions(comparisons).join('; ')}`, '', comparisonTable(comparisons)];
  lines.push(...slowerPeers(comparisons), ...latencies(comparisons));
  const busyNote = busyText(busy);
  if (busyNote !== undefined) lines.push(`warning: ${busyNote}; figures suffer by more than that`);
  lines.push(...failures.map((failure) => `failed: ${failure}`));
  return `${lines.join('\n')}\n`;
}

function versions(comparisons: readonly Comparison[]): string[] {
  const all = comparisons.flatMap(({ ours, pytorch, slower = [] }) =>
    [ours, pytorch, ...slower].flatMap((side) => side?.version ?? []),
  );
  return [...new Set(all)].sort();
}

/** The fastest ways of PyTorch's slower interpreters, which the table leaves out. */
function slowerPeers(comparisons: readonly Comparison[]): string[] {
  const lines = comparisons.flatMap(({ model, mode, slower = [] }) =>
    slower.map(
      ({ version, precision, variant, imagesPerSecond }) =>
        `slower: ${model} ${mode}, ${version}, ${precision} ${variant}: ${figure(imagesPerSecond.median)} images/s`,
    ),
  );
  return [...new Set(lines)];
}

/** Batch 1 in evaluation, as milliseconds an image. */
function latencies(comparisons: readonly Comparison[]): string[] {
  return comparisons
    .filter(({ mode, batch }) => mode === 'eval' && batch === 1)
    .map(({ model, threads, ours, pytorch }) => {
      const sides = [
        ours ? `ours ${ours.precision} ${milliseconds(ours)}` : [],
        pytorch ? `PyTorch ${pytorch.precision}${wayText(pytorch)} ${milliseconds(pytorch)}` : [],
      ];
      return `latency of ${model}, threads ${threads}: ${sides.flat().join(', ')}`;
    });
}

function wayText({ contender }: Measured): string {
  return contender && contender.way !== 'eager' ? ` ${contender.way}` : '';
}

function milliseconds({ imagesPerSecond }: Measured): string {
  return `${figure(1000 / imagesPerSecond.median)} ms`;
}

/** Writes the report as JSON. */
export function writeReport(report: Report, path: string): void {
  writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`);
}
