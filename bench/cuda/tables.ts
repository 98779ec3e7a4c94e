import type { MachinePeaks, ProfileEntry } from '../../src/engines/engine.js';
import { groupBy, type ProfileTotals, summarise, totalsOf } from '../../src/profile/summary.js';
import type { Rate } from '../loader/rate.js';
import { figure, markdown, NOTHING, spreadText } from '../table.js';
import type { OurFigures } from './ours.js';
import type { PyTorchFigure } from './pytorch.js';
import { type CudaWorkload, nameOf } from './workload.js';

/** A measured step, and PyTorch's fastest way of it. */
export interface CudaComparison {
  readonly workload: Omit<CudaWorkload, 'model'>;
  readonly ours: OurFigures | undefined;
  readonly pytorch: PyTorchFigure | undefined;
}

/** The table of all steps: ours, PyTorch's, and how many times as fast ours are. */
export function comparisonTable(comparisons: readonly CudaComparison[]): string {
  const header = [
    'model',
    'batch',
    'step',
    'precision',
    'ours ms (min–max)',
    'images/s',
    'PyTorch ms',
    'its way',
    'images/s',
    'ours ÷ PyTorch',
    'with copies ms',
  ];
  return markdown(header, comparisons.map(comparisonRow), 4);
}

function comparisonRow({ workload, ours, pytorch }: CudaComparison): string[] {
  const { label, batch, mode, precision } = workload;
  const rate = (milliseconds: number | undefined): string =>
    milliseconds === undefined ? NOTHING : ((1000 * batch) / milliseconds).toFixed(0);
  const ratio = ours && pytorch ? (pytorch.ms / ours.milliseconds.median).toFixed(2) : NOTHING;
  return [
    ...[label, String(batch), mode, precision],
    ...[ours ? spreadText(ours.milliseconds) : NOTHING, rate(ours?.milliseconds.median)],
    ...[pytorch?.ms.toFixed(2) ?? NOTHING, pytorch?.variant ?? NOTHING, rate(pytorch?.ms)],
    ...[ratio, ours ? ours.runMilliseconds.toFixed(2) : NOTHING],
  ];
}

/** The line of a training with a loader. */
export function loadingText(
  workload: Omit<CudaWorkload, 'model'>,
  { perSecond, waited, processorMs }: Rate,
): string {
  const share = `${(100 * waited).toFixed(0)}% of the time waiting for batches`;
  return `${nameOf(workload)} with loading: ${perSecond.toFixed(0)} images/s, ${share}, ${processorMs.toFixed(3)} ms of processor time an image`;
}

/** What a card does at its best. */
export function peaksText({ f32, bf16, memory, copy }: MachinePeaks): string {
  const tera = (rate: number): string => figure(rate / 1e12);
  const half = bf16 === undefined ? '' : `, bf16 ${tera(bf16)} TFLOP/s`;
  return `products f32 ${tera(f32)} TFLOP/s${half}; memory ${tera(copy)} TB/s copying, ${tera(memory)} TB/s in place`;
}

/** Where a step's time goes, by operation; kernels are timed one by one, which adds their starts. */
export function profileTable(
  workload: Omit<CudaWorkload, 'model'>,
  { milliseconds, profile }: OurFigures,
  peaks: MachinePeaks,
): string {
  const whole = summarise(profile, peaks);
  const rows = groupBy(profile, groupOf)
    .map((entries) => ({ key: groupOf(entries[0]!), ...totalsOf(entries, whole.milliseconds, peaks) }))
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .map(({ key, ...totals }) => [key, ...profileCells(totals)]);
  const header = ['operation', 'count', 'ms', 'share', 'TB/s', 'TFLOP/s', 'of the roofline', 'bound by'];
  const title =
    `${nameOf(workload)}: ${milliseconds.median.toFixed(2)} ms; the parts one by one ${whole.milliseconds.toFixed(2)} ms, ` +
    `at the card's peaks ${(whole.milliseconds - whole.lostMilliseconds).toFixed(2)} ms`;
  return `${title}\n\n${markdown(header, [...rows, ['all', ...profileCells(whole)]])}`;
}

/** Phase, operation, and whether a library computes it. */
function groupOf({ phase, operation, implementation }: ProfileEntry): string {
  const library = implementation === 'generated kernel' ? '' : `, ${implementation.split(/[ ,]/)[0]}`;
  return `${phase ? `${phase} ` : ''}${operation}${library}`;
}

function profileCells(totals: ProfileTotals): string[] {
  const { count, milliseconds, shareOfStep, bytes, flops, shareOfPeak, bound } = totals;
  const rate = (amount: number): string => figure(amount / Math.max(milliseconds, 1e-9) / 1e9);
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  return [
    ...[String(count), milliseconds.toFixed(3), percent(shareOfStep)],
    ...[rate(bytes), rate(flops), percent(shareOfPeak), bound],
  ];
}
