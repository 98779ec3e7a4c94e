import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, SettingError, UserError } from '../errors.js';
import { removeUnfinished, writeFileAtomically } from './atomicFile.js';
import { type FolderLock, lockFolder } from './folderLock.js';
import { makeNewFolder, makeRunFolder, removeEmpty } from './newFolder.js';
import { shellWord } from './shellWord.js';

const CONFIG = 'config.json';

/** The checkpoint that a run resumes from. */
export const LAST_CHECKPOINT = 'last.safetensors';

/** A run's best averaged weights, without the state of its training. */
export const BEST_AVERAGE = 'best-ema.safetensors';

/** What there was before a new run. */
interface Start {
  /** Folders that this process created, the outermost first. */
  readonly folders: readonly string[];
  /** Names of what was in the run's folder. */
  readonly files: readonly string[];
}

/** Whether a folder has a run, which may have no checkpoint yet. */
export function hasRun(folder: string): boolean {
  return [CONFIG, LAST_CHECKPOINT].some((name) => existsSync(join(folder, name)));
}

/** The folder of a run: its configuration, metrics and checkpoints, locked against a second process. */
export class RunFolder {
  private isClosed = false;

  private constructor(
    readonly path: string,
    /** Undefined where another rank has it. */
    private readonly lock: FolderLock | undefined,
    /** Where a new run began; undefined for a resumed one. */
    private readonly start: Start | undefined,
  ) {}

  /** Whether this process writes to it: of several ranks, the first alone. */
  get isWritten(): boolean {
    return this.lock !== undefined;
  }

  /**
   * Creates a run's folder, locks it and writes the configuration.
   *
   * @throws UserError when it already has a run, another process uses it, or it cannot be written
   */
  static async create(path: string, config: Readonly<Record<string, unknown>>): Promise<RunFolder> {
    return RunFolder.begin(path, makeRunFolder(path), config);
  }

  /**
   * The same for a folder called `name`, or `name-2`, `name-3` … if there is one already: two runs that start in the
   * same second get different folders.
   *
   * @throws UserError when the folder cannot be written
   */
  static async createNamed(
    parent: string,
    name: string,
    config: Readonly<Record<string, unknown>>,
  ): Promise<RunFolder> {
    const { path, folders } = makeNewFolder(parent, name);
    return RunFolder.begin(path, folders, config);
  }

  private static async begin(
    path: string,
    folders: readonly string[],
    config: Readonly<Record<string, unknown>>,
  ): Promise<RunFolder> {
    const files = existsSync(path) ? readdirSync(path) : [];
    const lock = lockedNew(path, folders);
    const folder = new RunFolder(path, lock, { folders, files });
    if (hasRun(path)) {
      lock.release();
      throw hasRunError(path);
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
   * Checks that a run can begin in a folder, or go on in it. The folder stays as it is.
   *
   * @param isHere whether the run will be on this machine: its process would know best whether a lock of its machine still holds
   * @throws UserError as {@link create} or {@link open}
   */
  static expectUsable(path: string, isResumed: boolean, isHere: boolean): void {
    if (isResumed) expectRun(path);
    // What is no folder is refused when the run begins.
    if (isHere && statSync(path, { throwIfNoEntry: false })?.isDirectory()) lockFolder(path).release();
    if (!isResumed && hasRun(path)) throw hasRunError(path);
  }

  /** The folder of a run that another rank writes: it is neither made nor locked. */
  static following(path: string): RunFolder {
    return new RunFolder(path, undefined, undefined);
  }

  /**
   * Opens and locks a run's folder to resume it.
   *
   * @param isWritten false: another rank writes it, so that it is not locked
   * @throws UserError when it has no run, or another process uses it
   */
  static async open(path: string, isWritten = true): Promise<RunFolder> {
    expectRun(path);
    if (!isWritten) return RunFolder.following(path);
    const folder = new RunFolder(path, lockFolder(path), undefined);
    await removeUnfinished(path);
    return folder;
  }

  /** Path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Whether the run has a checkpoint. */
  hasCheckpoint(): boolean {
    return existsSync(this.file(LAST_CHECKPOINT));
  }

  /** The configuration that the run was started with. @throws UserError when it cannot be read */
  readConfig(): unknown {
    try {
      return JSON.parse(readFileSync(this.file(CONFIG), 'utf8'));
    } catch (error) {
      throw new UserError(`${this.file(CONFIG)} cannot be read: ${errorMessage(error)}`);
    }
  }

  /** @throws UserError when the folder is no longer this run's: it was moved or removed, and another may have its name */
  expectHeld(): void {
    if (!this.isClosed) this.lock?.expectHeld();
  }

  /** Lets others use the folder; once, since after that it may be another run's. A new run without a checkpoint leaves no files behind. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    // What has taken the folder's place is another's.
    const isOwn = this.lock?.isHeld() === true;
    const start = isOwn && !this.hasCheckpoint() ? this.start : undefined;
    if (start) this.removeNew(start);
    this.lock?.release();
    if (start) removeEmpty(start.folders);
  }

  private removeNew({ files }: Start): void {
    // Where somebody has removed the folder, what the run could not write says so.
    if (!existsSync(this.path)) return;
    for (const entry of readdirSync(this.path, { withFileTypes: true }))
      if (entry.isFile() && !files.includes(entry.name)) rmSync(this.file(entry.name), { force: true });
  }
}

function hasRunError(path: string): SettingError {
  return new SettingError(
    (name) =>
      `${path} already has a run: give ${name('resume')} ${shellWord(path)} to resume it, or another ${name('runDir')}`,
    1,
  );
}

/** @throws UserError where there is no run to resume */
function expectRun(path: string): void {
  if (!existsSync(path)) throw new UserError(`there is no run folder ${path}`);
  if (!statSync(path).isDirectory())
    throw new SettingError((name) => `${path} is not a folder: ${name('resume')} takes a run's folder`, 1);
  if (!hasRun(path))
    throw new UserError(`${path} has no run: it has neither ${LAST_CHECKPOINT} nor ${CONFIG}`);
}

/** Locks a folder; parent folders that were just created are removed again if it cannot be locked. */
function lockedNew(path: string, folders: readonly string[]): FolderLock {
  try {
    return lockFolder(path);
  } catch (error) {
    removeEmpty(folders);
    throw error;
  }
}
