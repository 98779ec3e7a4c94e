import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import type { Dataset, ImageDataset } from '../../../src/data/dataset.js';
import { UserError } from '../../../src/errors.js';
import { temporaryFolder } from './folder.js';

/** A folder with the given files, whose content is their path; those whose path ends with a slash are folders. */
export function folderOf(t: Pick<TestContext, 'after'>, paths: readonly string[]): string {
  const folder = temporaryFolder(t);
  addFiles(folder, paths);
  return folder;
}

/** Adds such files to a folder. */
export function addFiles(folder: string, paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(folder, path), path);
    else mkdirSync(join(folder, path), { recursive: true });
  }
}

/** Paths from `folder` with their labels. */
export function listed(dataset: Dataset, folder: string): [string, number][] {
  assert.equal(dataset.kind, 'images');
  const { source } = dataset as ImageDataset;
  return Array.from({ length: dataset.count }, (_, i) => [
    relative(folder, source(i).path),
    dataset.labels[i]!,
  ]);
}

/** Paths from `folder` on. */
export function paths(dataset: Dataset, folder: string): string[] {
  return listed(dataset, folder).map(([path]) => path);
}

/** Expects a sentence that matches all patterns. */
export function refused(act: () => unknown, ...patterns: RegExp[]): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}
