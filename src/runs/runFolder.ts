import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { makeFolder } from '../makeFolder.js';
import { removeUnfinished, writeFileAtomically } from './atomicFile.js';
import { lockFolder } from './folderLock.js';

const CONFIG = 'config.json';

/** The checkpoint that a run goes on from. */
export const LAST_CHECKPOINT = 'last.safetensors';

/** The folder of a run: its configuration, metrics and checkpoints, locked against a second process. */
export class RunFolder {
  private constructor(
    readonly path: string,
    private readonly unlock: () => void,
    /** What this process made. */
    private readonly made: 'folder' | 'run' | 'nothing',
  ) {}

  /**
   * Makes a run's folder, locks it and writes the configuration.
   *
   * @throws UserError when a run is there already, another process uses it, or it cannot be written
   */
  static async create(path: string, config: Readonly<Record<string, unknown>>): Promise<RunFolder> {
    const isNew = !existsSync(path);
    try {
      makeFolder(path);
    } catch (error) {
      throw new UserError(`the run folder ${path} cannot be made: ${errorMessage(error)}`);
    }
    const unlock = lockFolder(path);
    const folder = new RunFolder(path, unlock, isNew ? 'folder' : 'run');
    if (existsSync(folder.file(CONFIG)) || existsSync(folder.file(LAST_CHECKPOINT))) {
      unlock();
      throw new UserError(
        `${path} holds a run already: go on with it by --resume ${path}, or give another --run-dir`,
      );
    }
    const text = `${JSON.stringify(config, null, 2)}\n`;
    try {
      await writeFileAtomically(folder.file(CONFIG), [new TextEncoder().encode(text)]);
    } catch (error) {
      folder.close();
      throw error;
    }
    return folder;
  }

  /**
   * Opens and locks a run's folder to go on with it.
   *
   * @throws UserError when no run is there, or another process uses it
   */
  static async open(path: string): Promise<RunFolder> {
    if (!existsSync(path)) throw new UserError(`there is no run folder ${path}`);
    if (!statSync(path).isDirectory())
      throw new UserError(`${path} is no folder: --resume takes a run's folder`);
    if (!existsSync(join(path, CONFIG)) && !existsSync(join(path, LAST_CHECKPOINT)))
      throw new UserError(`${path} holds no run: it has neither ${LAST_CHECKPOINT} nor ${CONFIG}`);
    const folder = new RunFolder(path, lockFolder(path), 'nothing');
    await removeUnfinished(path);
    return folder;
  }

  /** Path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Whether the run has got as far as its first checkpoint. */
  hasCheckpoint(): boolean {
    return existsSync(this.file(LAST_CHECKPOINT));
  }

  /** The configuration that the run was begun with. @throws UserError when it cannot be read */
  readConfig(): unknown {
    try {
      return JSON.parse(readFileSync(this.file(CONFIG), 'utf8'));
    } catch (error) {
      throw new UserError(`${this.file(CONFIG)} cannot be read: ${errorMessage(error)}`);
    }
  }

  /** Lets other processes use the folder. A new run that has not got as far as a checkpoint leaves nothing behind. */
  close(): void {
    if (this.made !== 'nothing' && !this.hasCheckpoint()) this.removeFiles();
    this.unlock();
    if (this.made === 'folder' && readdirSync(this.path).length === 0) rmdirSync(this.path);
  }

  /** Removes the files of a folder that is this run's own, else the configuration alone. */
  private removeFiles(): void {
    const entries = readdirSync(this.path, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    for (const name of this.made === 'folder' ? files : [CONFIG]) rmSync(this.file(name), { force: true });
  }
}
