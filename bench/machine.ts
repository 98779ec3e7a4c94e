import { cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

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
  const before = processorTimes();
  await delay(SAMPLE_MS);
  const after = processorTimes();
  const total = after.total - before.total;
  return total > 0 ? 1 - (after.idle - before.idle) / total : 0;
}

function processorTimes(): { total: number; idle: number } {
  const times = cpus().map(({ times }) => times);
  const total = times.reduce(
    (sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq,
    0,
  );
  return { total, idle: times.reduce((sum, { idle }) => sum + idle, 0) };
}
