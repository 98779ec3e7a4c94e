import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../../errors.js';
import type { ThreadsSince } from '../../train/threads.js';
import { writeFileAtomically } from '../atomicFile.js';
import { csvTable } from '../csvTable.js';

/** A run's threads: a row for each number, with the steps that were done before. */
export const THREADS_FILE = 'threads.csv';

const HEADER = ['step', 'threads'] as const;

/** Writes the file as a whole. @throws UserError when it cannot be written */
export async function writeThreads(path: string, history: readonly ThreadsSince[]): Promise<void> {
  const rows = history.map(({ step, threads }) => [step, threads]);
  await writeFileAtomically(path, [Buffer.from(`${csvTable(HEADER, rows)}\n`)]);
}

/**
 * Reads the file; empty where there is none.
 *
 * @throws UserError when it is damaged: a resumed run could not repeat what it says
 */
export function readThreads(path: string): ThreadsSince[] {
  if (!existsSync(path)) return [];
  const [header, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const rows = lines.map((line) => line.split(',').map(Number));
  const isRow = (row: readonly number[]): boolean =>
    row.length === HEADER.length && row.every(Number.isSafeInteger) && row[0]! >= 0 && row[1]! > 0;
  if (header !== HEADER.join() || !rows.every(isRow))
    throw new UserError(
      `${path} is damaged: it must have a row of two whole numbers, step and threads, for each number of threads; without the file a resumed run decides anew`,
    );
  return rows.map(([step, threads]) => ({ step: step!, threads: threads! }));
}

/**
 * What a run recorded after a checkpoint, before it was killed; empty where the records do not begin with the checkpoint's: they are of another
 * run then, or of a later part of this one that does not follow from the checkpoint.
 */
export function recordedAfter(
  recorded: readonly ThreadsSince[],
  { history, step }: { readonly history: readonly ThreadsSince[]; readonly step: number },
): ThreadsSince[] {
  const isSame = history.every(
    (entry, i) => recorded[i]?.step === entry.step && recorded[i]?.threads === entry.threads,
  );
  const later = recorded.slice(history.length);
  return isSame && later.every((entry) => entry.step > step) ? later : [];
}
