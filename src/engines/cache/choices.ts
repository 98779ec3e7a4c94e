import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../cacheFolder.js';
import { readCached, writeCached } from './cacheFile.js';

/**
 * The file of an engine's choices; undefined where nothing can be kept.
 *
 * @param about what they hold for: the device, versions of libraries
 */
export function choicesFile(engine: string, about: readonly unknown[]): string | undefined {
  const hash = createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 24);
  const folder = cacheFolder(engine);
  return folder === undefined ? undefined : join(folder, `${hash}.choices`);
}

/** A choice, and when it was kept: `Date.now()`, 0 where that is not known. */
interface Kept {
  readonly choice: string;
  readonly at: number;
}

/** Which algorithm was taken for what, kept in a file so that later runs take the same and give the same bits. */
export class Choices {
  private readonly known: Map<string, Kept>;

  /**
   * @param path of the file, which is for one kind of device and one version of the library; undefined to keep nothing
   * @param since choices that were kept before this time count as unknown; Infinity: all that others keep
   */
  constructor(
    private readonly path: string | undefined,
    private readonly since = 0,
  ) {
    this.known = new Map(this.counting());
  }

  get(key: string): string | undefined {
    return this.known.get(key)?.choice;
  }

  /** As {@link get}, also of what others have kept since this was opened. */
  latest(key: string): string | undefined {
    if (!this.known.has(key))
      for (const [other, kept] of this.counting()) if (!this.known.has(other)) this.known.set(other, kept);
    return this.get(key);
  }

  /**
   * Keeps a choice, unless others have kept one for the same since it was looked up here: the first one counts, for all.
   *
   * @returns the choice that counts
   */
  keep(key: string, choice: string): string {
    const before = this.get(key);
    this.known.delete(key);
    const theirs = this.latest(key);
    if (theirs !== undefined && theirs !== before) return theirs;
    this.setAll([[key, choice]]);
    return choice;
  }

  /** The folder of the file; undefined where nothing can be kept. */
  get folder(): string | undefined {
    return this.path === undefined ? undefined : dirname(this.path);
  }

  /**
   * Keeps choices whatever others have kept for the same, beside those that they have kept for something else.
   *
   * @returns whether the file has them
   */
  setAll(choices: Iterable<readonly [key: string, choice: string]>): boolean {
    const at = Date.now();
    const added = Array.from(choices, ([key, choice]) => [key, { choice, at }] as const);
    if (added.length === 0) return true;
    for (const [key, kept] of added) this.known.set(key, kept);
    const all = new Map([...this.known, ...read(this.path), ...added]);
    return writeCached(this.path, Buffer.from(JSON.stringify(Object.fromEntries(all))));
  }

  /** What the file has that counts. */
  private counting(): [string, Kept][] {
    return [...read(this.path)].filter(([, { at }]) => at >= this.since);
  }
}

/** Choices of a file, in which earlier versions wrote no times. What is no choice counts as missing. */
function read(path: string | undefined): Map<string, Kept> {
  const contents = readCached(path);
  if (contents === undefined) return new Map();
  return new Map(
    Object.entries(objectOf(Buffer.from(contents).toString('utf8'))).flatMap(([key, value]) => {
      const kept = keptOf(value);
      return kept === undefined ? [] : [[key, kept] as const];
    }),
  );
}

/** The object that a text is as JSON; an empty one where it is none. */
function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function keptOf(value: unknown): Kept | undefined {
  if (typeof value === 'string') return { choice: value, at: 0 };
  if (!isObject(value)) return undefined;
  const { choice, at } = value;
  return typeof choice === 'string' && typeof at === 'number' ? { choice, at } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
