import { UsageError } from '../../errors.js';

/** A machine, and how many ranks it takes. */
export interface Host {
  readonly name: string;
  /** Absent: its share of those that the others leave. */
  readonly slots?: number | undefined;
}

/**
 * The machines of a file: one a line, as `name`, `name:2` or `name slots=2`; `#` begins a comment.
 *
 * @param path for messages
 * @throws UsageError naming the line that is none of these
 */
export function parseHosts(text: string, path: string): Host[] {
  const hosts = text.split('\n').flatMap((line, i): Host[] => {
    const entry = line.replace(/#.*/, '').trim();
    if (entry === '') return [];
    const found = /^([A-Za-z0-9][\w.-]*)(?:(?::|\s+slots\s*=\s*)([1-9]\d*))?$/.exec(entry);
    if (!found)
      throw new UsageError(
        `line ${i + 1} of ${path} must be a machine, such as one, one:2 or one slots=2, not ${entry}`,
      );
    return [{ name: found[1]!, slots: found[2] === undefined ? undefined : Number(found[2]) }];
  });
  if (hosts.length === 0) throw new UsageError(`${path} names no machine`);
  return hosts;
}

/**
 * How many ranks go to each machine: as many as it has slots, those without a number sharing evenly what the others leave.
 *
 * @returns those that get some, in order
 * @throws UsageError when there are fewer slots than ranks
 */
export function spreadRanks(hosts: readonly Host[], ranks: number): Required<Host>[] {
  const open = hosts.filter(({ slots }) => slots === undefined).length;
  const given = hosts.reduce((total, { slots = 0 }) => total + slots, 0);
  if (open === 0 && given < ranks)
    throw new UsageError(`${ranks} ranks were asked for, but the machines take only ${given}`);
  let left = ranks;
  let sharing = Math.max(0, ranks - given);
  let sharers = open;
  return hosts
    .map(({ name, slots }) => {
      const share = slots ?? Math.ceil(sharing / sharers);
      if (slots === undefined) {
        sharing -= share;
        sharers--;
      }
      const count = Math.min(left, share);
      left -= count;
      return { name, slots: count };
    })
    .filter(({ slots }) => slots > 0);
}
