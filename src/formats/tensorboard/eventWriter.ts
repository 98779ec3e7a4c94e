import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { WriteError } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import { codeOf } from '../../realms.js';
import { encodeFileHeader, encodeSessionStart, encodeSummary, type SummaryValue } from './encodeEvent.js';
import { scalarSummary } from './summaries.js';

/** Files of one process that may begin in the same second. */
const MAX_TRIES = 1000;

/**
 * Writes numbers, images and more to an event file that TensorBoard reads while it grows. Every record is written at
 * once; a resumed run begins a file of its own in the same folder, and TensorBoard joins them.
 */
export class EventWriter {
  private descriptor: number | undefined;

  private constructor(
    /** The event file. */
    readonly path: string,
    descriptor: number,
  ) {
    this.descriptor = descriptor;
  }

  /**
   * Begins a file `events.out.tfevents.SECONDS.HOST.PROCESS.NUMBER` in a folder, which is made where
   * it is missing.
   *
   * @throws UserError when the folder cannot be written
   */
  static open(folder: string): EventWriter {
    const time = Date.now();
    const host = hostname().replace(/[^\w.-]/g, '_');
    const stem = `events.out.tfevents.${String(Math.floor(time / 1000)).padStart(10, '0')}.${host}.${process.pid}`;
    const writer = orUserError(folder, () => {
      makeFolder(folder);
      return openNew((number) => join(folder, `${stem}.${number}`));
    });
    writer.write(encodeFileHeader(time));
    return writer;
  }

  /** Opens a file by path; it must be new. */
  static create(path: string): EventWriter {
    return new EventWriter(path, openSync(path, 'wx'));
  }

  /**
   * Writes a number.
   *
   * @param time milliseconds since 1970, now where it is not given
   * @throws UserError when the file cannot be written, such as on a full disk
   */
  scalar(tag: string, value: number, step: number, time = Date.now()): void {
    this.summary(scalarSummary(tag, value), step, time);
  }

  /**
   * Writes what a chart shows at a step, as `summaries.ts` makes it.
   *
   * @param time milliseconds since 1970, now where it is not given
   * @throws UserError when the file cannot be written, such as on a full disk
   */
  summary(value: SummaryValue, step: number, time = Date.now()): void {
    this.write(encodeSummary(value, { step, time }));
  }

  /**
   * Marks the beginning of a session: of what older files have at `step` and later, TensorBoard shows nothing.
   *
   * @throws UserError when the file cannot be written
   */
  session(step: number, time = Date.now()): void {
    this.write(encodeSessionStart({ step, time }));
  }

  /** Closes the file. Closing again does nothing. */
  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private write(record: Uint8Array): void {
    const { descriptor } = this;
    if (descriptor === undefined) throw new Error(`${this.path} is closed`);
    orUserError(this.path, () => writeSync(descriptor, record));
  }
}

function openNew(path: (number: number) => string): EventWriter {
  for (let number = 0; ; number++) {
    try {
      return EventWriter.create(path(number));
    } catch (error) {
      const taken = codeOf(error) === 'EEXIST';
      if (!taken || number === MAX_TRIES) throw error;
    }
  }
}

function orUserError<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new WriteError(path, error);
  }
}
