import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { writeFileAtomically } from './atomicFile.js';

const CONFIG = 'config.json';
const LOCK = '.lock';

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The folder of a run: its configuration, metrics and checkpoints, locked against a second process. */
export class RunFolder {
  private constructor(readonly path: string) {}

  /**
   * Makes a run's folder and locks it.
   *
   * @throws UserError when a run is there already, another process uses it, or it cannot be written
   */
  static create(path: string, config: Readonly<Record<string, unknown>>): RunFolder {
    if (existsSync(join(path, CONFIG))) {
      throw new UserError(
        `${path} holds a run already; go on with it by --resume ${path}, or give another --run-dir`,
      );
    }
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw new UserError(`the run folder ${path} cannot be made: ${errorMessage(error)}`);
    }
    const folder = new RunFolder(path);
    folder.lock();
    folder.writeJson(CONFIG, config);
    return folder;
  }

  /**
   * Opens and locks a run's folder to go on with it.
   *
   * @throws UserError when no run is there, or another process uses it
   */
  static open(path: string): RunFolder {
    if (!existsSync(path) || !statSync(path).isDirectory())
      throw new UserError(`there is no run folder ${path}`);
    if (!existsSync(join(path, CONFIG))) throw new UserError(`${path} is no run folder: it has no ${CONFIG}`);
    const folder = new RunFolder(path);
    folder.lock();
    return folder;
  }

  /** Path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Replaces a JSON file as a whole. */
  writeJson(name: string, value: unknown): void {
    writeFileAtomically(this.file(name), [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)]);
  }

  /** Lets other processes use the folder. */
  release(): void {
    rmSync(this.file(LOCK), { force: true });
  }

  private lock(): void {
    const path = this.file(LOCK);
    for (let attempt = 0; ; attempt++) {
      try {
        const file = openSync(path, 'wx');
        writeSync(file, `${process.pid}\n`);
        closeSync(file);
        return;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
          throw new UserError(`the run folder ${this.path} cannot be written: ${errorMessage(error)}`);
        }
        const owner = Number.parseInt(readFileSync(path, 'utf8'), 10);
        if (attempt > 0 || (Number.isInteger(owner) && isRunning(owner))) {
          throw new UserError(`the run folder ${this.path} is in use by process ${owner}`);
        }
        // The process that held it was killed.
        rmSync(path, { force: true });
      }
    }
  }
}
