import { describeModel } from '../../src/models/describe.js';
import { createModel } from '../../src/models/registry.js';
import { type Case, type CaseResult, runCase } from '../benchmark.js';
import { busyShare } from '../machine.js';
import type { BenchmarkModel } from '../models.js';
import { comparisonTable } from '../table.js';
import { type FamilyRow, familiesTable, MOST_ROUNDING, type ModeFigures } from './table.js';

/** What `bench families` is told. */
export interface FamiliesOptions {
  readonly models: readonly BenchmarkModel[];
  readonly batch: number;
  readonly rounds: number;
  readonly threads: number;
  readonly engine: string;
  readonly pytorch: boolean;
}

/** Above this share of the processors in others' hands, figures mislead. */
const MOST_BUSY = 0.1;

/** What a run of {@link timeFamilies} came to. */
export interface FamiliesReport {
  readonly rows: readonly FamilyRow[];
  /** The models whose Python package is missing, by its name. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  /** Sentences on what went wrong. */
  readonly failures: readonly string[];
  /** Both sides' libraries. */
  readonly versions: readonly string[];
  /** The greatest share of the processors' time in others' hands, sampled before and after each case. */
  readonly busy: number;
}

/** Times a training step and evaluation of each model beside PyTorch, compares their logits, and counts parameters. */
export async function timeFamilies(
  options: FamiliesOptions,
  progress: (text: string) => void,
): Promise<FamiliesReport> {
  const rows: FamilyRow[] = [];
  const missing = new Map<string, string[]>();
  const failures: string[] = [];
  const versions = new Set<string>();
  let busy = 0;
  for (const model of options.models) {
    const { train, evaluation, needs, ...outcome } = await timeModel(model, options, progress);
    busy = Math.max(busy, outcome.busy);
    if (needs !== undefined) missing.set(needs, [...(missing.get(needs) ?? []), model.label]);
    failures.push(...outcome.failures);
    const row = rowOf(model, train, evaluation);
    if (row.difference !== undefined && !(row.difference <= MOST_ROUNDING))
      failures.push(`${model.label}: logits differ from PyTorch’s by ${row.difference} of the greatest`);
    for (const side of [row.train, row.eval].flatMap(({ ours, pytorch }) => [ours, pytorch]))
      if (side) versions.add(side.version);
    rows.push(row);
  }
  return { rows, missing, failures, versions: [...versions], busy };
}

/** The report as text, its table in Markdown. */
export function familiesText({ rows, missing, failures, versions, busy }: FamiliesReport): string {
  const lines = [versions.join('; '), '', familiesTable(rows), ''];
  for (const [name, models] of missing)
    lines.push(`PyTorch’s side has no package ${name}, which is needed for ${models.join(', ')}`);
  if (busy > MOST_BUSY)
    lines.push(`warning: other processes took up to ${(100 * busy).toFixed(0)}% of the processors`);
  lines.push(...failures.map((failure) => `failed: ${failure}`));
  return lines.join('\n').trimEnd();
}

interface TimedModel {
  readonly train: CaseResult;
  readonly evaluation: CaseResult;
  /** The Python package that PyTorch's model lacks. */
  readonly needs: string | undefined;
  readonly failures: readonly string[];
  readonly busy: number;
}

async function timeModel(
  model: BenchmarkModel,
  options: FamiliesOptions,
  progress: (text: string) => void,
): Promise<TimedModel> {
  const before = await busyShare();
  const train = await runCase(caseOf(model, 'train', options), progress);
  progress(comparisonTable(train.comparisons));
  const needs = train.failures.map(missingPackage).find((name) => name !== undefined);
  const pytorch = options.pytorch && needs === undefined;
  const evaluation = await runCase(caseOf(model, 'eval', { ...options, pytorch }), progress);
  progress(comparisonTable(evaluation.comparisons));
  const failures = [train, evaluation]
    .flatMap((result) => result.failures)
    .filter((failure) => missingPackage(failure) === undefined);
  return { train, evaluation, needs, failures, busy: Math.max(before, await busyShare()) };
}

/** The package in Python's message that there is none. */
export function missingPackage(failure: string): string | undefined {
  return /ModuleNotFoundError: No module named '([\w.]+)'/.exec(failure)?.[1];
}

function caseOf(
  { label, workload }: BenchmarkModel,
  mode: 'train' | 'eval',
  { batch, rounds, threads, engine, pytorch }: FamiliesOptions,
): Case {
  return {
    label,
    engine,
    rounds,
    precisions: ['f32'],
    sides: { ours: true, pytorch },
    frozen: false,
    choosesEarly: true,
    compares: mode === 'eval',
    workload: { ...workload, mode, batch, threads },
  };
}

function rowOf({ label, workload }: BenchmarkModel, train: CaseResult, evaluation: CaseResult): FamilyRow {
  const { model: name, classes, image_size: imageSize, ...options } = workload;
  const { parameters, macs } = describeModel(createModel({ name, classes, imageSize, ...options }));
  const figuresOf = ({ comparisons: [first] }: CaseResult): ModeFigures => first ?? {};
  return {
    ...{ model: label, parameters, macs, difference: evaluation.difference },
    ...{ train: figuresOf(train), eval: figuresOf(evaluation) },
  };
}
