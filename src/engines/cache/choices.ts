import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readCached, writeCached } from './cacheFile.js';
import { cacheFolder } from './cacheFolder.js';

/**
 * The file of an engine's choices.
 *
 * @param about what they hold for: the device, versions of libraries
 */
export function choicesFile(engine: string, about: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 24);
  return join(cacheFolder(engine), `${hash}.choices`);
}

/** Which algorithm was taken for what, kept in a file so that later runs take the same and give the same bits. */
export class Choices {
  private readonly known: Map<string, string>;

  /**
   * @param path of the file, which is for one kind of device and one version of the library
   * @param forgets whether choices of earlier runs count as unknown
   */
  constructor(
    private readonly path: string,
    forgets = false,
  ) {
    this.known = forgets ? new Map() : read(path);
  }

  get(key: string): string | undefined {
    return this.known.get(key);
  }

  /** As {@link get}, also of what others have kept since this was opened. */
  latest(key: string): string | undefined {
    if (!this.known.has(key))
      for (const [other, choice] of read(this.path))
        if (!this.known.has(other)) this.known.set(other, choice);
    return this.known.get(key);
  }

  /** Keeps a choice, beside those that other processes have kept in the meantime. */
  set(key: string, choice: string): void {
    this.setAll([[key, choice]]);
  }

  /** Keeps choices as {@link set} does, in one go. */
  setAll(choices: Iterable<readonly [key: string, choice: string]>): void {
    const added = [...choices];
    if (added.length === 0) return;
    for (const [key, choice] of added) this.known.set(key, choice);
    const all = new Map([...this.known, ...read(this.path), ...added]);
    writeCached(this.path, Buffer.from(JSON.stringify(Object.fromEntries(all))));
  }
}

function read(path: string): Map<string, string> {
  const contents = readCached(path);
  if (contents === undefined) return new Map();
  return new Map(
    Object.entries(JSON.parse(Buffer.from(contents).toString('utf8')) as Record<string, string>),
  );
}
