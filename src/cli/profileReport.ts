import type { StepProfile } from '../profile/profileStep.js';
import { type ProfileSummary, type ProfileTotals, summarise } from '../profile/summary.js';
import { formatTable } from './output.js';

const FIGURES = ['ms', 'step', 'GFLOP/s', 'GB/s', 'of peak', 'by', 'lost ms'];

/** A profile as text: totals, one row per operation and implementation, and the `top` longest primitives. */
export function profileText(
  profile: StepProfile,
  about: { readonly title: string; readonly top: number; readonly image: string },
): string {
  const summary = summarise(profile.entries, profile.peaks);
  const { groups, primitives, phases } = summary;
  const byPhase = phases.map((row) => [row.phase, String(row.count), ...figures(row)]);
  const byGroup = groups.map((row) => [
    `${row.operation}, ${row.implementation}`,
    String(row.count),
    ...figures(row),
  ]);
  const longest = primitives
    .slice(0, about.top)
    .map((row) => [`${row.operation}, ${row.implementation}`, ...figures(row), row.detail]);
  return [
    `${about.title}\n${profile.engine}`,
    peaksText(profile),
    totalsText(profile, summary),
    ...(byPhase.length > 0 ? [formatTable(['phase', 'count', ...FIGURES], byPhase)] : []),
    formatTable(['operation, implementation', 'count', ...FIGURES], byGroup),
    `the ${longest.length} longest primitives\n${tableWithDetail(longest)}`,
    `image: ${about.image}`,
  ].join('\n\n');
}

/** The last column, which is long, is aligned left. */
function tableWithDetail(rows: readonly (readonly string[])[]): string {
  const lines = formatTable(
    ['operation, implementation', ...FIGURES],
    rows.map((row) => row.slice(0, -1)),
  ).split('\n');
  return lines.map((line, i) => (i < 2 ? line : `${line}  ${rows[i - 2]!.at(-1)}`)).join('\n');
}

function peaksText({ peaks }: StepProfile): string {
  const giga = (rate: number): string => (rate / 1e9).toFixed(0);
  const bf16 = peaks.bf16 === undefined ? '' : `, bf16 ${giga(peaks.bf16)} GFLOP/s`;
  return (
    `measured peaks: f32 ${giga(peaks.f32)} GFLOP/s${bf16}, ` +
    `memory ${giga(peaks.memory)} GB/s in place, ${giga(peaks.copy)} GB/s copying`
  );
}

function totalsText({ stepMilliseconds, steps, batchSize }: StepProfile, summary: ProfileSummary): string {
  const { count, milliseconds, shareOfPeak, lostMilliseconds } = summary;
  const difference = (100 * (milliseconds - stepMilliseconds)) / stepMilliseconds;
  return [
    `unprofiled step  ${stepMilliseconds.toFixed(1)} ms (${((1000 * batchSize) / stepMilliseconds).toFixed(1)} images/s), median of ${steps}`,
    `sum of primitives  ${milliseconds.toFixed(1)} ms in ${count} primitives (${difference > 0 ? '+' : ''}${difference.toFixed(1)}%)`,
    `in TypeScript  ${summary.inTypeScript.milliseconds.toFixed(1)} ms in ${summary.inTypeScript.count} of them (${percent(summary.inTypeScript.shareOfStep)})`,
    `roofline  ${(milliseconds - lostMilliseconds).toFixed(1)} ms, ${percent(shareOfPeak)} of the sum`,
    'note: primitives are timed one by one, so each time includes the call, the start of the threads and the clock;',
    'above 100% of the peak, the tensors were in a cache.',
  ].join('\n');
}

function figures(row: ProfileTotals): string[] {
  const { milliseconds, shareOfStep, flops, bytes, shareOfPeak, bound, lostMilliseconds } = row;
  const rate = (amount: number): string => (amount / Math.max(milliseconds, 1e-9) / 1e6).toFixed(0);
  return [
    milliseconds.toFixed(2),
    percent(shareOfStep),
    rate(flops),
    rate(bytes),
    percent(shareOfPeak),
    bound,
    lostMilliseconds.toFixed(2),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** A profile as the record of `--log-format json`: rates per second, times in milliseconds, shares from 0 to 1. */
export function profileRecord(
  profile: StepProfile,
  about: { readonly model: string; readonly image: string },
): Record<string, unknown> {
  const { peaks, mode, engine, precision, batchSize, steps, stepMilliseconds } = profile;
  const summary = summarise(profile.entries, peaks);
  return {
    event: 'profile',
    model: about.model,
    mode,
    engine,
    precision,
    batch_size: batchSize,
    steps,
    peaks: { f32: peaks.f32, bf16: peaks.bf16 ?? null, memory: peaks.memory, copy: peaks.copy },
    step_ms: stepMilliseconds,
    ...totalsRecord(summary),
    typescript: totalsRecord(summary.inTypeScript),
    phases: summary.phases.map((row) => ({ phase: row.phase, ...totalsRecord(row) })),
    groups: summary.groups.map((row) => ({
      operation: row.operation,
      implementation: row.implementation,
      ...totalsRecord(row),
    })),
    primitives: summary.primitives.map((row) => ({
      operation: row.operation,
      implementation: row.implementation,
      detail: row.detail,
      precision: row.precision,
      phase: row.phase ?? null,
      ...totalsRecord(row),
    })),
    image: about.image,
  };
}

function totalsRecord(totals: ProfileTotals): Record<string, unknown> {
  return {
    count: totals.count,
    ms: totals.milliseconds,
    share_of_step: totals.shareOfStep,
    flops: totals.flops,
    bytes: totals.bytes,
    share_of_peak: totals.shareOfPeak,
    bound: totals.bound,
    lost_ms: totals.lostMilliseconds,
  };
}
