import { describeModel } from '../../src/models/describe.js';
import { createModel } from '../../src/models/registry.js';
import { type Case, type CaseResult, runCase } from '../benchmark.js';
import { waysOf } from '../contenders.js';
import type { Interpreter } from '../interpreters.js';
import { busyShare, busyText } from '../machine.js';
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
  /** Pythons that have PyTorch. */
  readonly pytorch: readonly string[] | false;
}

/** What a run of {@link timeFamilies} came to. */
export interface FamiliesReport {
  readonly rows: readonly FamilyRow[];
  /** The models that an interpreter cannot make, by what it lacks: `python3 has no package timm`. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  /** Sentences on what went wrong. */
  readonly failures: readonly string[];
  /** Both sides' libraries. */
  readonly versions: readonly string[];
  /** The greatest share of the processors' time in others' hands, sampled before and after each case. */
  readonly busy: number;
}

/** Times a training step and evaluation of each model beside the PyTorch of `pythons`, compares their logits, and counts parameters. */
export async function timeFamilies(
  options: FamiliesOptions,
  pythons: readonly Interpreter[],
  progress: (text: string) => void,
): Promise<FamiliesReport> {
  const rows: FamilyRow[] = [];
  const missing = new Map<string, string[]>();
  const failures: string[] = [];
  const versions = new Set<string>();
  let busy = 0;
  for (const model of options.models) {
    const { train, evaluation, lacks, ...outcome } = await timeModel(
      model,
      { ...options, pythons },
      progress,
    );
    busy = Math.max(busy, outcome.busy);
    for (const what of lacks) missing.set(what, [...(missing.get(what) ?? []), model.label]);
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
  for (const [lack, models] of missing) lines.push(`${lack}, which is needed for ${models.join(', ')}`);
  const busyNote = busyText(busy);
  if (busyNote !== undefined) lines.push(`warning: ${busyNote}`);
  lines.push(...failures.map((failure) => `failed: ${failure}`));
  return lines.join('\n').trimEnd();
}

interface TimedModel {
  readonly train: CaseResult;
  readonly evaluation: CaseResult;
  /** What interpreters lack for PyTorch's model. */
  readonly lacks: readonly string[];
  readonly failures: readonly string[];
  readonly busy: number;
}

type CaseOptions = Omit<FamiliesOptions, 'models' | 'pytorch'> & Pick<Case, 'pythons'>;

async function timeModel(
  model: BenchmarkModel,
  options: CaseOptions,
  progress: (text: string) => void,
): Promise<TimedModel> {
  const before = await busyShare();
  const train = await runCase(caseOf(model, 'train', options), progress);
  progress(comparisonTable(train.comparisons));
  const missing = train.failures.flatMap((failure) => missingPackage(failure) ?? []);
  const pythons = options.pythons.filter(({ path }) => !missing.some(({ python }) => python === path));
  const evaluation = await runCase(caseOf(model, 'eval', { ...options, pythons }), progress);
  progress(comparisonTable(evaluation.comparisons));
  const failures = [train, evaluation]
    .flatMap((result) => result.failures)
    .filter((failure) => missingPackage(failure) === undefined);
  const lacks = [...new Set(missing.map(({ python, name }) => `${python} has no package ${name}`))];
  return { train, evaluation, lacks, failures, busy: Math.max(before, await busyShare()) };
}

/** The package that a failure of PyTorch's side says is missing, and in which Python. */
export function missingPackage(
  failure: string,
): { readonly python: string; readonly name: string } | undefined {
  const [, python, name] =
    /PyTorch of (.+) (?:f32|bf16) .*ModuleNotFoundError: No module named '([\w.]+)'/.exec(failure) ?? [];
  return python === undefined || name === undefined ? undefined : { python, name };
}

function caseOf(
  { label, workload }: BenchmarkModel,
  mode: 'train' | 'eval',
  { batch, rounds, threads, engine, pythons }: CaseOptions,
): Case {
  return {
    label,
    engine,
    rounds,
    precisions: ['f32'],
    ours: true,
    pythons,
    lines: [waysOf(mode)],
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
