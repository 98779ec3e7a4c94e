import { join, resolve } from 'node:path';
import { UserError } from '../../../errors.js';
import { withRestoredPaths } from '../../../runs/settings/paths.js';
import { TRAIN_DEFAULTS } from '../../../runs/settings/table.js';
import type { DataFolder } from '../../dataApi.js';
import type { RunIndex } from '../runIndex.js';

/** Which folders of images may be looked at: those that the studio was started with, and those that runs were trained on. */
export class DataFolders {
  private readonly given: readonly string[];
  /** Those that were listed last. */
  private known: ReadonlySet<string> = new Set();

  /** @param given folders that the studio was started with */
  constructor(
    given: readonly string[],
    private readonly index: RunIndex,
  ) {
    this.given = given.map((folder) => resolve(folder));
  }

  /** All of them: the given ones first, then those of the newest runs. */
  list(): DataFolder[] {
    const found = new Map<string, string[]>(this.given.map((folder) => [folder, []]));
    const runs = this.index.list('test_top1').sort((a, b) => b.started - a.started);
    for (const { id, settings, status, epochsDone } of runs) {
      const folder = settings === null || status === 'damaged' ? undefined : this.folderOf(id, settings);
      if (folder === undefined) continue;
      if (!found.has(folder)) found.set(folder, []);
      if (epochsDone > 0) found.get(folder)!.push(id);
    }
    this.known = new Set(found.keys());
    return [...found].map(([folder, ids]) => ({ folder, runs: ids }));
  }

  /** A folder that may be looked at, by its path. @throws UserError when it is another */
  expect(folder: string): string {
    // Listing takes a while where there are many runs, and each image is a request.
    if (this.known.has(folder)) return folder;
    this.list();
    if (this.known.has(folder)) return folder;
    throw new UserError(
      `${JSON.stringify(folder)} is neither a folder that the studio was started with nor that of a run's images`,
    );
  }

  /** The folder of a run's images; undefined for a run with other data. */
  private folderOf(id: string, { data, dataPath }: Readonly<Record<string, unknown>>): string | undefined {
    if (data !== 'imagefolder' || typeof dataPath !== 'string') return undefined;
    const config = { ...TRAIN_DEFAULTS, data, dataPath } as const;
    return resolve(withRestoredPaths(config, join(this.index.root, id), () => undefined).dataPath!);
  }
}
