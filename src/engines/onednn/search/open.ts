import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { errorMessage } from '../../../errors.js';

/** A loaded library. */
export interface Opened {
  readonly handle: LibraryHandle;
  /** The name or path that it was found under. */
  readonly path: string;
}

/** `RTLD_NOW | RTLD_NODELETE` of each platform's dlfcn.h. */
const KEEP: Readonly<Record<string, number>> = { linux: 0x1002, darwin: 0x82 };
/** With `RTLD_GLOBAL`, so that others find the symbols. */
const KEEP_GLOBAL = 0x1102;

/** What Linux's loader says of a library that another one needs. */
const NEEDED = /(?:^|: )(lib[^\s:/]+): cannot open shared object file/;

const TBB = 'libtbb.so.12';

/** OpenCL's driver of processors in the folder of a library, as Intel's wheels have it; undefined where there is none. */
export function openClDriver(path: string): string | undefined {
  const driver = join(dirname(path), 'libintelocl.so');
  return process.platform === 'linux' && path.includes('/') && existsSync(driver) ? driver : undefined;
}

/** Libraries that Intel's wheels need without saying so. */
const COMPILER_RUNTIME = /^lib(?:imf|svml|irng|intlc)\.so/;

/**
 * Loads a library for the life of the process: when a thread ends, koffi unloads what it loaded there, and the library's own
 * threads, which outlive the calling one, would be left without code to run.
 *
 * Wheels do not tell the loader where the libraries are that they need: those beside the file are loaded before it.
 *
 * @throws Error whose message says what is missing
 */
export function openLibrary(path: string): Opened {
  const siblings = new Set<string>();
  const tbb = join(dirname(path), TBB);
  // The driver needs a newer TBB than the system may have.
  if (openClDriver(path) !== undefined && existsSync(tbb)) loadSibling(tbb, siblings);
  const handle = load(path, siblings);
  const flags = KEEP[process.platform];
  if (flags !== undefined) keepLoaded(path, flags);
  return { handle, path };
}

/** Loads a library after what it needs from its folder, where the loader asks for that; each once. */
function load(path: string, siblings: Set<string>): LibraryHandle {
  for (;;) {
    try {
      return koffi.load(path);
    } catch (error) {
      const needed = NEEDED.exec(errorMessage(error))?.[1];
      if (needed === undefined || !path.includes('/')) throw error;
      const sibling = join(dirname(path), needed);
      if (siblings.has(needed) || !existsSync(sibling)) {
        const wheel = COMPILER_RUNTIME.test(needed) ? " (Python's package intel-cmplr-lib-rt has it)" : '';
        throw new Error(`it needs ${needed}, which is not found${wheel}`);
      }
      siblings.add(needed);
      loadSibling(sibling, siblings);
    }
  }
}

function loadSibling(path: string, siblings: Set<string>): void {
  load(path, siblings);
  keepLoaded(path, KEEP_GLOBAL);
}

function keepLoaded(path: string, flags: number): void {
  const open = koffi.load(null).func('void *dlopen(const char *, int)');
  open(path, flags);
}
