import type { TrainerListener } from '../train/events.js';
import { appendText } from './csvLog.js';
import { eventRecord, jsonLine } from './eventRecord.js';

/**
 * Appends events to a file as JSON lines with the time of each: the history of a run, in which work
 * repeated after an interruption is there twice.
 *
 * @throws UserError from the listener when the file cannot be written
 */
export function jsonLog(path: string): TrainerListener {
  return (event) => {
    const record = eventRecord(event);
    if (record) appendText(path, `${jsonLine({ time: new Date().toISOString(), ...record })}\n`);
  };
}
