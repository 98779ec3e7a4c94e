import type { TrainerListener } from '../train/events.js';
import { appendText } from './csvLog.js';
import { eventRecord, jsonLine } from './eventRecord.js';

/**
 * Appends events to a file as lines of JSON with the time of each: the history of a run, in which what
 * was done again after an interruption is there twice.
 *
 * @throws UserError from the listener when the file cannot be written
 */
export function jsonLog(path: string): TrainerListener {
  return (event) => {
    const record = eventRecord(event);
    if (record) appendText(path, `${jsonLine({ time: new Date().toISOString(), ...record })}\n`);
  };
}
