import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, UserError } from '../../errors.js';
import { isLive } from '../../liveProcess.js';
import { codeOf } from '../../realms.js';

/** Milliseconds between looks at a lock that another process has. */
const LOOK_MS = 100;

/** Milliseconds between signs of life of the process that has it. */
const BEAT_MS = 1000;

/** The same after which a process that this machine does not have counts as dead: it may be in another container. */
const GONE_MS = 3 * BEAT_MS;

/** Options of {@link withLock}. */
export interface LockOptions {
  /** Called at each look at the lock while another process has it. */
  readonly onWait?: () => void | Promise<void>;
  /** Milliseconds without a sign of life after which a process of another machine counts as dead. Default 60000. */
  readonly deadMs?: number | undefined;
}

/**
 * Does something while no other process that asks for the same lock does: `path` is a file that exists meanwhile. The
 * lock of a process that died is taken over.
 *
 * @throws UserError when the file cannot be written
 */
export async function withLock<T>(
  path: string,
  act: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const release = await lock(path, options);
  try {
    return await act();
  } finally {
    await release();
  }
}

async function lock(path: string, { onWait, deadMs = 60_000 }: LockOptions): Promise<() => Promise<void>> {
  const own = `${process.pid} ${hostname()} ${randomUUID()}\n`;
  let seen: { readonly state: string; readonly since: number } | undefined;
  while (!(await create(path, own))) {
    const found = await look(path);
    if (!found) continue;
    // A clock of another machine says nothing: what counts is how long nothing has changed here.
    const state = `${found.text}${found.mtimeMs}`;
    if (seen?.state !== state) seen = { state, since: performance.now() };
    const patience = isGone(found.text) ? GONE_MS : deadMs;
    if (performance.now() - seen.since > patience) await takeAway(path, found.text);
    else {
      await onWait?.();
      await sleep(LOOK_MS);
    }
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, BEAT_MS);
  return async () => {
    clearInterval(beat);
    if ((await look(path))?.text === own) await rm(path, { force: true });
  };
}

async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new UserError(`${path} cannot be written: ${errorMessage(error)}`);
  }
}

/** What a lock says and when it last showed a sign of life; undefined if it is gone. */
async function look(path: string): Promise<{ text: string; mtimeMs: number } | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), mtimeMs: (await stat(path)).mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}

/** Whether a lock is that of a process of this machine that has ended. */
function isGone(text: string): boolean {
  const [, pid, host] = /^(\d+) (\S+) \S+\n$/.exec(text) ?? [];
  return host === hostname() && !isLive(Number(pid));
}

/** Removes a dead process's lock; another process's, which has replaced it in between, is put back. */
async function takeAway(path: string, text: string): Promise<void> {
  const away = `${path}.${randomUUID()}`;
  try {
    await rename(path, away);
    if ((await readFile(away, 'utf8')) !== text) await link(away, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST')
      throw new UserError(`${path} cannot be replaced: ${errorMessage(error)}`);
  } finally {
    await rm(away, { force: true });
  }
}
