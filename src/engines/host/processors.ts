import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { controlGroups, textOf } from './controlGroups.js';

/**
 * Processors that the process may use: those of its affinity, and no more than its control groups (Linux, such as a container's
 * limit) give it time of. At least 1.
 */
export function processorsAtHand(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(processorQuota())));
}

/** Numbers of the processors that the process may run on; undefined where the system does not say: all. */
export function allowedProcessors(): ReadonlySet<number> | undefined {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(textOf('/proc/self/status') ?? '')?.[1];
  return list === undefined ? undefined : numbersIn(list);
}

/** The numbers of a list such as `0-3,8`. */
export function numbersIn(list: string): ReadonlySet<number> {
  const ranges = list.split(',').map((part) => part.split('-').map(Number));
  return new Set(
    ranges.flatMap(([first = 0, last = first]) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ),
  );
}

/**
 * Processors' worth of time that the control groups of the process allow, version 1 or 2; infinite without a limit.
 *
 * @param root of the file system
 */
export function processorQuota(root = '/'): number {
  const limits = controlGroups(root).flatMap(({ controllers, path }) => {
    if (controllers === '') return upwards(path).map((each) => quotaOf2(join(root, 'sys/fs/cgroup', each)));
    if (!controllers.split(',').includes('cpu')) return [];
    return upwards(path).map((each) => quotaOf1(join(root, 'sys/fs/cgroup', controllers, each)));
  });
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/** A path and those of all folders above it. */
function upwards(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [path, ...upwards(above)];
}

function quotaOf2(folder: string): number {
  const [quota, period] = (textOf(join(folder, 'cpu.max')) ?? '').trim().split(' ').map(Number);
  return shareOf(quota, period);
}

function quotaOf1(folder: string): number {
  const [quota, period] = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) =>
    Number(textOf(join(folder, file))?.trim()),
  );
  return shareOf(quota, period);
}

/** A quota of each period; what is no number, or not above 0, is no limit. */
function shareOf(quota = Number.NaN, period = Number.NaN): number {
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY;
}
