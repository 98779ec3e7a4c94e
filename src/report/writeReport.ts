import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isFile } from '../data/folders/fileKind.js';
import { SettingError, UserError } from '../errors.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { type Metrics, readMetrics, readMetricsFile } from '../runs/metricsFile.js';
import { LOSS_WEIGHTS_FILE } from '../runs/runLogs.js';
import { readThreads, THREADS_FILE } from '../runs/threads/threadRecord.js';
import type { ThreadsSince } from '../train/threads.js';
import { type ModelFigures, modelFigures } from './figures.js';
import { hasModelFigures, reportPage } from './page/reportPage.js';
import { settingsOf } from './runSettings.js';
import { TrainedModel } from './trainedModel.js';

/** The report's file in a run folder. */
export const REPORT_FILE = 'report.html';

/** A report that was written. */
export interface WrittenReport {
  readonly path: string;
  /** Why figures of the model are missing, if they are: its data is gone, for example. */
  readonly missing?: string | undefined;
  /** A sentence about how the test images have changed since the run, if they have. */
  readonly changes?: string | undefined;
}

/** Options of {@link writeReport}. */
export interface ReportOptions {
  /** The file to write. Default: `report.html` in the run's folder. */
  readonly output?: string | undefined;
  /** Whether a page with figures of the model gives way to one without, where they cannot be made. Default true. */
  readonly replacesFigures?: boolean | undefined;
}

/**
 * Writes a run's report, one HTML file that needs nothing else: curves, and the results of the best checkpoint (or else the last) on the
 * test images, at most 10,000 of them. Data that is missing leaves the curves, and the report says so.
 *
 * @param folder the run's folder
 * @throws UserError when the folder is not a run's, or the file cannot be written
 * @throws SettingError when a page with figures of the model is to be kept, and they cannot be made
 */
export async function writeReport(
  folder: string,
  { output = join(folder, REPORT_FILE), replacesFigures = true }: ReportOptions = {},
): Promise<WrittenReport> {
  const metrics = readMetrics(folder);
  const model = await modelOrReason(folder);
  if (typeof model === 'string' && !replacesFigures) keepFigures(output, model);
  const page = await reportPage({
    name: basename(resolve(folder)),
    metrics,
    weights: weightsOf(folder),
    settings: settingsOrReason(folder),
    threads: threadsOf(folder),
    model,
  });
  await writeFileAtomically(output, [new TextEncoder().encode(page)]);
  return typeof model === 'string'
    ? { path: output, missing: model }
    : { path: output, changes: model.changes };
}

/** @throws SettingError when there is a page with figures of the model */
function keepFigures(path: string, reason: string): void {
  if (!isFile(path) || !hasModelFigures(readFileSync(path, 'utf8'))) return;
  throw new SettingError(
    (name) =>
      `${path} has figures of the model, which cannot be made again: ${reason}; it is kept: write a report without them to another file with ${name('output')}`,
    1,
  );
}

function settingsOrReason(folder: string): Readonly<Record<string, unknown>> | string {
  try {
    return settingsOf(folder) ?? `${folder} has no config.json`;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function threadsOf(folder: string): readonly ThreadsSince[] {
  try {
    return readThreads(join(folder, THREADS_FILE));
  } catch (error) {
    // A damaged record is no reason to have no report.
    if (error instanceof UserError) return [];
    throw error;
  }
}

async function modelOrReason(folder: string): Promise<ModelFigures | string> {
  try {
    const model = await TrainedModel.open(folder);
    try {
      return await modelFigures(model);
    } finally {
      await model.close();
    }
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function weightsOf(folder: string): Metrics | undefined {
  const path = join(folder, LOSS_WEIGHTS_FILE);
  if (!existsSync(path)) return undefined;
  try {
    return readMetricsFile(path);
  } catch {
    // No epoch is in it yet, or it is damaged: the rest of the report does not need it.
    return undefined;
  }
}
