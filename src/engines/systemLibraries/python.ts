import { spawnSync } from 'node:child_process';
import type { Environment } from './folders.js';

/** Where a Python has its files. */
export interface PythonFolders {
  /** Those that it finds packages in. */
  readonly packages: readonly string[];
  /** Those that wheels put their libraries below: the environment's and the user's own. */
  readonly prefixes: readonly string[];
}

/** How long Python may take to answer. */
const TIMEOUT_MS = 10_000;

const ASK = `import json, site, sys
print(json.dumps({"packages": [p for p in sys.path if p], "prefixes": [sys.prefix, site.getuserbase()]}))`;

/** Asks `python3` (`python` on Windows); no folders without Python. */
export function pythonFolders(environment: Environment): PythonFolders {
  const { stdout } = spawnSync(process.platform === 'win32' ? 'python' : 'python3', ['-c', ASK], {
    encoding: 'utf8',
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIMEOUT_MS,
    windowsHide: true,
  });
  try {
    const { packages, prefixes }: Partial<Record<keyof PythonFolders, unknown>> = JSON.parse(stdout);
    return { packages: strings(packages), prefixes: strings(prefixes) };
  } catch {
    return { packages: [], prefixes: [] };
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
