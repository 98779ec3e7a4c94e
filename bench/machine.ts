import { cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { busyBetween, systemTimes } from '../src/engines/host/loadMeter.js';

/** What figures were measured on, for the record. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly date: string;
}

/** This machine, now. */
export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    date: new Date().toISOString(),
  };
}

/** Above this share of the processors in others' hands, figures mislead. */
const MOST_BUSY = 0.1;

/** Says how much other processes took where that misleads; undefined where it does not. @param busy as {@link busyShare} */
export function busyText(busy: number): string | undefined {
  if (busy <= MOST_BUSY) return undefined;
  return `other processes took up to ${(100 * busy).toFixed(0)}% of the processors`;
}

const SAMPLE_MS = 500;

/** The share of the processors' time, 0 to 1, that is taken over half a second: by others, when we ourselves are idle. */
export async function busyShare(): Promise<number> {
  const before = systemTimes();
  await delay(SAMPLE_MS);
  return busyBetween(before, systemTimes());
}
