import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate } from './candidate.js';

/** How far our logits are from PyTorch's with the same new weights, in f32; undefined if a side is missing. See {@link relativeDifference}. */
export async function differenceOfLogits(candidates: readonly Candidate[]): Promise<number | undefined> {
  const of = (side: Candidate['side']): Candidate | undefined =>
    candidates.find((candidate) => candidate.side === side && candidate.precision === 'f32');
  const [ours, pytorch] = [of('ours'), of('pytorch')];
  if (!ours || !pytorch) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
  try {
    const file = join(folder, 'weights.pth');
    const expected = await pytorch.logits(file);
    return relativeDifference(await ours.logits(file), expected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The greatest difference of two lists as a share of the second's greatest value; NaN where their lengths differ or a value is NaN. */
export function relativeDifference(values: readonly number[], expected: readonly number[]): number {
  if (values.length !== expected.length) return Number.NaN;
  const greatest = (numbers: readonly number[]): number =>
    numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return greatest(values.map((value, i) => value - expected[i]!)) / greatest(expected);
}
