import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A control group that the process is in (Linux, such as a container's). */
export interface ControlGroup {
  /** What it controls, separated by commas; empty in version 2, which has one group for everything. */
  readonly controllers: string;
  /** Its path below the folder of all groups. */
  readonly path: string;
}

/**
 * The control groups that the process is in; none where the system has none.
 *
 * @param root of the file system
 */
export function controlGroups(root: string): ControlGroup[] {
  const lines = (textOf(join(root, 'proc/self/cgroup')) ?? '').split('\n').map((line) => line.split(':'));
  return lines.flatMap(([, controllers, path]) =>
    controllers === undefined || path === undefined ? [] : [{ controllers, path }],
  );
}

/** The text of a file of the system; undefined where there is none that can be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
