import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, getPriority, loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { allowedProcessors, processorsAtHand } from './processors.js';

/** Says how much other processes compute. */
export interface LoadMeter {
  /** Processors that the process may run on, at least those {@link processorsAtHand}. */
  readonly processors: number;
  /** Seconds since any time. */
  now(): number;
  /** Processors that other processes took since the last call, or since the meter was made: 0.5 is half of one. */
  others(): number;
  /** The same of now: 0 at once where nothing says that the system is busy, else after a second. */
  present(): Promise<number>;
}

/** Load of a system (processes that want to run, on average over a minute) above which it may be busy. */
const SUSPICIOUS = 0.7;

/** Times of a processor since the system's start, in any unit. */
export interface Times {
  readonly busy: number;
  readonly idle: number;
}

/** Where a {@link SystemLoad} learns of processors. */
export interface ProcessorTimes {
  /** Times of each processor by its number, since any time; empty where nothing tells them. */
  times(): readonly Times[];
  /** Numbers of the processors that the process may run on; undefined: all. */
  readonly allowed: ReadonlySet<number> | undefined;
  /** How many processors the process may run on. */
  readonly available: number;
  /** How many of them its control groups leave it. */
  readonly atHand: number;
}

/**
 * The load of the system: the time of its processors without that of this process. What a hypervisor takes away counts, processes that give way
 * (a positive nice value) don't, unless this process has one, too.
 * Where nothing tells times, others take nothing.
 */
export class SystemLoad implements LoadMeter {
  readonly processors: number;
  private before: readonly Times[];
  private ownBefore = process.cpuUsage();
  private begin = process.hrtime.bigint();

  /** @param source default: the system */
  constructor(private readonly source: ProcessorTimes = systemProcessors()) {
    this.before = this.times();
    this.processors = Math.max(1, source.atHand, this.before.length);
  }

  now(): number {
    return Number(process.hrtime.bigint()) / 1e9;
  }

  others(): number {
    const [times, own, end] = [this.times(), process.cpuUsage(this.ownBefore), process.hrtime.bigint()];
    const ownSeconds = (own.user + own.system) / 1e6;
    const seconds = Number(end - this.begin) / 1e9;
    const busy = busyBetween(this.before, times) * this.processors;
    this.before = times;
    this.ownBefore = process.cpuUsage();
    this.begin = end;
    return seconds > 0 ? Math.max(0, busy - ownSeconds / seconds) : 0;
  }

  async present(): Promise<number> {
    // Windows has no such average: there a run notices after its first steps.
    if (loadavg()[0]! < SUSPICIOUS) return 0;
    this.others();
    await setTimeout(1000);
    return this.others();
  }

  private times(): Times[] {
    const { allowed, available } = this.source;
    const all = this.source.times();
    const own = all.filter((_, i) => allowed?.has(i) ?? true);
    // A container may count its processors from 0 (LXC's `/proc/stat`), yet name the allowed ones by the machine's numbers.
    return own.length < available ? [...all] : own;
  }
}

function systemProcessors(): ProcessorTimes {
  return {
    times: () => (process.platform === 'linux' ? linuxTimes() : undefined) ?? systemTimes(),
    allowed: allowedProcessors(),
    available: availableParallelism(),
    atHand: processorsAtHand(),
  };
}

/** Share of their time in which some processors were busy, from 0 to 1. */
export function busyBetween(before: readonly Times[], after: readonly Times[]): number {
  const sum = (key: keyof Times): number =>
    after.reduce((total, times, i) => total + times[key] - (before[i]?.[key] ?? times[key]), 0);
  const [busy, idle] = [sum('busy'), sum('idle')];
  return busy + idle > 0 ? busy / (busy + idle) : 0;
}

/** Times of each processor, as Node.js has them on every system. */
export function systemTimes(): Times[] {
  return cpus().map(({ times: { user, nice, sys, irq, idle } }) => ({ busy: user + nice + sys + irq, idle }));
}

/** Times of each processor by its number; undefined where `/proc` doesn't have them. */
function linuxTimes(): Times[] | undefined {
  try {
    return timesOf(readFileSync('/proc/stat', 'utf8'), getPriority() > 0);
  } catch {
    return undefined;
  }
}

/**
 * The times in Linux's `/proc/stat`, by the processors' numbers.
 *
 * @param countsNice whether processes with a positive nice value count as busy
 */
export function timesOf(text: string, countsNice: boolean): Times[] {
  const times: Times[] = [];
  for (const [, number, fields] of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = fields!
      .trim()
      .split(/\s+/)
      .map(Number);
    const busy = user + system + irq + softIrq + steal;
    times[Number(number)] = countsNice
      ? { busy: busy + nice, idle: idle + wait }
      : { busy, idle: idle + wait + nice };
  }
  return times;
}
