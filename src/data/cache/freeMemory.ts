import { freemem } from 'node:os';
import { join } from 'node:path';
import { controlGroups, textOf } from '../../engines/host/controlGroups.js';

/** What a system says of its memory, in bytes. */
export interface MemoryFacts {
  /** Root of the file system. */
  readonly root: string;
  /** What is left of the control group's limit, or of the machine; 0 where that is not known. */
  readonly available: number;
  /** What is free on the machine, with what its kernel would give up for a process. */
  readonly free: number;
}

/**
 * Bytes of memory that the process may still take. Files that were read, and lie in memory until something else needs it, count as free: a
 * control group's usage has them in it, so that a container that has read its images seems to have none left.
 *
 * @param facts default: the system's
 */
export function freeMemory(
  facts: MemoryFacts = { root: '/', available: process.availableMemory(), free: freemem() },
): number {
  const { root, available, free } = facts;
  const left = available + readFiles(root);
  return left > 0 ? Math.min(left, free) : free;
}

/** Bytes of read files in memory that the process's control group has not used for long; 0 where there is none. */
function readFiles(root: string): number {
  const groups = controlGroups(root);
  const pathOf = (controller: string): string | undefined =>
    groups.find(({ controllers }) => controllers.split(',').includes(controller))?.path;
  const [first, second] = [pathOf('memory'), pathOf('')];
  if (first !== undefined) return statOf(join(root, 'sys/fs/cgroup/memory'), first, 'total_inactive_file');
  return second === undefined ? 0 : statOf(join(root, 'sys/fs/cgroup'), second, 'inactive_file');
}

/** A number of a control group's `memory.stat`. Within a container its folder may be the root, whatever its path. */
function statOf(folder: string, path: string, name: string): number {
  const text = textOf(join(folder, path, 'memory.stat')) ?? textOf(join(folder, 'memory.stat')) ?? '';
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
