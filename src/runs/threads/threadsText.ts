import type { ThreadChange } from '../../train/threads.js';

/** A number of threads in words. */
export function threadsText(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`;
}

/** What other processes take, in percent, in words. */
export function othersText(others: number): string {
  return `other processes take ${others.toFixed(0)}% of the processors`;
}

/** A change of threads in one sentence. */
export function changeText({ threads, before, reason, others }: ThreadChange): string {
  const whys = {
    load: othersText(others ?? 0),
    slower: `steps are no faster with ${threadsText(before)}`,
    trial: 'to see whether all processors are faster again',
    recorded: 'as recorded before',
  } as const;
  return `${whys[reason]}: continuing with ${threadsText(threads)}`;
}
