import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { codeOf } from '../realms.js';
import { TEMPORARY } from './atomicFile.js';
import { isRunning, isWhole, type LockOwner, ownerIn, ownText, ROUNDING } from './lockOwner.js';

/** The file by which a process locks a folder. */
export const LOCK_FILE = '.lock';

/** How often a lock is tried for that others take and release meanwhile. */
const ATTEMPTS = 20;

/** The process that has locked a folder and may still be running; undefined if there is none. */
export function lockOwner(folder: string): LockOwner | undefined {
  const path = join(folder, LOCK_FILE);
  const text = textOf(path);
  if (text === undefined) return undefined;
  const owner = ownerIn(text);
  return isRunning(owner, path) ? { pid: owner.pid, host: owner.host } : undefined;
}

/**
 * Locks a folder against other processes, and against a second run of this one, in whichever thread. The lock of a killed
 * process is taken over, and on Linux that of a thread that has ended.
 *
 * @throws UserError when the folder is in use or cannot be written
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_FILE);
  const text = ownText();
  for (let attempt = 1; ; attempt++) {
    if (isTaken(folder, text)) return new FolderLock(folder, text);
    const found = textOf(path);
    if (found !== undefined) {
      if (attempt === ATTEMPTS || isKept(path, found)) throw inUse(folder, found);
      removeStale(path, found);
    } else if (attempt === ATTEMPTS) throw new UserError(`the folder ${folder} cannot be locked`);
  }
}

/** A lock that this process has taken. */
export class FolderLock {
  private readonly path: string;
  /** Tells the folder from another one of its name. */
  private readonly identity: string | undefined;
  private isReleased = false;

  /** @param text of the lock's file */
  constructor(
    private readonly folder: string,
    private readonly text: string,
  ) {
    this.path = join(folder, LOCK_FILE);
    this.identity = identityOf(folder);
  }

  /**
   * Whether the folder is still locked by this process: it may have been moved, and another of its name locked by somebody else. A lock
   * that was only removed is taken again.
   */
  isHeld(): boolean {
    if (this.isReleased) return false;
    const found = textOf(this.path);
    if (found !== undefined) return found === this.text;
    return identityOf(this.folder) === this.identity && isTaken(this.folder, this.text);
  }

  /** @throws UserError when the folder is no longer locked by this process, so that nothing must be written there */
  expectHeld(): void {
    if (this.isHeld()) return;
    throw new UserError(
      `${this.folder} is no longer this process's: the folder was moved or removed, or another process has locked it; nothing more is written there`,
    );
  }

  /** Releases the lock, once: after that it may be another's. */
  release(): void {
    if (!this.isReleased && textOf(this.path) === this.text) rmSync(this.path, { force: true });
    this.isReleased = true;
  }
}

/** Makes the lock file, whole from the start. Returns false where there is one. */
function isTaken(folder: string, text: string): boolean {
  const path = join(folder, LOCK_FILE);
  const own = privateName(path);
  try {
    writeFileSync(own, text, { flag: 'wx' });
    return isLinked(own, path) ?? isWritten(path, text);
  } catch (error) {
    throw new UserError(`the folder ${folder} cannot be written: ${errorMessage(error)}`);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Gives a file another name, unless that is taken; undefined where the file system has no links. */
function isLinked(own: string, path: string): boolean | undefined {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    // Over a network a link that was made may be said to be there already.
    if (codeOf(error) === 'EEXIST') return textOf(path) === textOf(own);
    // Whoever has the lock removes unfinished files.
    return codeOf(error) === 'ENOENT' ? false : undefined;
  }
}

function isWritten(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether a lock's owner may still be running, or is just writing it. */
function isKept(path: string, text: string): boolean {
  if (isWhole(text)) return isRunning(ownerIn(text), path);
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - written < ROUNDING;
}

/** Removes a lock, unless another process has taken it over since its text was read. */
function removeStale(path: string, text: string): void {
  const own = privateName(path);
  try {
    renameSync(path, own);
  } catch (error) {
    // Another process has removed it.
    if (codeOf(error) === 'ENOENT') return;
    throw new UserError(`${path} cannot be removed: ${errorMessage(error)}`);
  }
  if (textOf(own) !== text && isLinked(own, path) === undefined) renameSync(own, path);
  else rmSync(own, { force: true });
}

function inUse(folder: string, text: string): UserError {
  const { pid, host } = ownerIn(text);
  const elsewhere = host === hostname() ? '' : ` on ${host}`;
  const who = isWhole(text) ? `process ${pid}${elsewhere}` : 'another process';
  return new UserError(
    `the run folder ${folder} is in use by ${who}; if that process is not a run in this folder, remove ${join(folder, LOCK_FILE)}`,
  );
}

/** A name beside a lock that no other process uses; what is left of it goes with other unfinished files. */
function privateName(path: string): string {
  return `${path}.${randomUUID()}${TEMPORARY}`;
}

/** Undefined where there is no such file. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}

function identityOf(folder: string): string | undefined {
  const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
