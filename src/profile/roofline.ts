import type { MachinePeaks, ProfileEntry } from '../engines/engine.js';

/** A primitive's work: the part of a profile's entry that the roofline needs. */
export type Work = Pick<ProfileEntry, 'milliseconds' | 'flops' | 'bytes' | 'precision'>;

/** What limits a primitive at the machine's peak. */
export type Bound = 'compute' | 'memory';

/** Milliseconds that a primitive's operations and its bytes take at the measured peaks. */
function timesAtPeak({ flops, bytes, precision }: Work, peaks: MachinePeaks): { [B in Bound]: number } {
  const rate = peaks[precision] ?? peaks.f32;
  return { compute: (flops / rate) * 1000, memory: (bytes / peaks.memory) * 1000 };
}

/** Which of the machine's peaks a primitive meets first. */
export function boundOf(work: Work, peaks: MachinePeaks): Bound {
  const { compute, memory } = timesAtPeak(work, peaks);
  return compute >= memory ? 'compute' : 'memory';
}

/**
 * Milliseconds of a primitive by the roofline model: max(operations / peak rate, bytes / peak bandwidth)
 * (Williams, Waterman and Patterson, "Roofline", 2009).
 */
export function timeAtPeak(work: Work, peaks: MachinePeaks): number {
  const { compute, memory } = timesAtPeak(work, peaks);
  return Math.max(compute, memory);
}

/**
 * The larger of a primitive's shares of the peak rate and of the peak bandwidth. Above 1 where the tensors
 * were in a cache, or where an algorithm needs fewer operations than are counted (Winograd's).
 */
export function shareOfPeak(work: Work, peaks: MachinePeaks): number {
  return work.milliseconds > 0 ? timeAtPeak(work, peaks) / work.milliseconds : 0;
}

/**
 * The roofline's time of several primitives: Σ {@link timeAtPeak}, each at most as long as it was measured,
 * so that what a cache made faster does not hide what was slow.
 */
export function rooflineTime(works: readonly Work[], peaks: MachinePeaks): number {
  return works.reduce((total, work) => total + Math.min(timeAtPeak(work, peaks), work.milliseconds), 0);
}
