import { hostname } from 'node:os';

/** Environment variable of ranks that `launch` has started: the command line to start as many again, up to `train`. */
export const LAUNCH_VARIABLE = 'BIASLOSS_LAUNCH';

/** The process of a rank. */
export interface RankProcess {
  readonly rank: number;
  readonly pid: number;
  readonly host: string;
}

/** What an announcement begins with: no text that is meant to be read does. */
const MARK = '\x1e';

/** The line by which a rank tells `launch` which process it is. */
export function announcement(rank: number): string {
  const process_: RankProcess = { rank, pid: process.pid, host: hostname() };
  return `${MARK}${JSON.stringify(process_)}\n`;
}

/** The announcement in a line of output, if it is one. */
export function announcedIn(line: string): RankProcess | undefined {
  if (!line.startsWith(MARK)) return undefined;
  try {
    return JSON.parse(line.slice(MARK.length)) as RankProcess;
  } catch {
    // Lines of two ranks may have been mixed.
    return undefined;
  }
}
