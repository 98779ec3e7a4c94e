import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { errorMessage, UserError } from '../../../../errors.js';

/** A loaded library. */
export interface OpenedLibrary {
  readonly handle: LibraryHandle;
  /** The name or path that it was found under. */
  readonly path: string;
}

/** `RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE` of Linux's dlfcn.h. */
const KEEP_GLOBAL = 0x1102;

/** Compilers need more of a stack than koffi's default of 128 KiB; the system supplies its pages as they are used. */
const STACK_BYTES = 16 * 2 ** 20;

/**
 * Loads the first of some libraries that is there.
 *
 * It stays loaded until the process ends, since its threads may outlive the calling one, and its symbols are found by
 * libraries that are loaded after it.
 *
 * @param names file names, the preferred first
 * @param folders searched before the places that the system's loader knows
 * @param title for messages
 * @throws UserError when none is there, or none can be loaded
 */
export function openLibrary(
  names: readonly string[],
  folders: readonly string[],
  title: string,
): OpenedLibrary {
  const paths = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...names];
  let broken: string | undefined;
  for (const path of paths) {
    const isFile = path.includes('/');
    if (isFile && !existsSync(path)) continue;
    try {
      return { handle: keepLoaded(path), path };
    } catch (error) {
      if (isFile) broken ??= `${path} is there but cannot be loaded: ${errorMessage(error)}`;
    }
  }
  throw new UserError(broken ?? `${title} is not installed: no ${names.join(' or ')} was found`);
}

/** Loads those libraries of a folder whose names match, for others that ask the loader for them by name. */
export function loadSiblings(path: string, pattern: RegExp): void {
  if (!path.includes('/')) return;
  const folder = dirname(path);
  for (const name of readdirSync(folder)) if (pattern.test(name)) keepLoaded(join(folder, name));
}

/**
 * Gives functions that run on other threads a stack on which they can compile.
 *
 * @returns whether it did; it cannot once the calling thread has loaded a library
 */
export function enlargeStacks(): boolean {
  try {
    koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  } catch {
    return koffi.config().async_stack_size === STACK_BYTES;
  }
  return true;
}

function keepLoaded(path: string): LibraryHandle {
  if (process.platform === 'linux') {
    const open = koffi.load(null).func('void *dlopen(const char *, int)');
    open(path, KEEP_GLOBAL);
  }
  return koffi.load(path);
}
