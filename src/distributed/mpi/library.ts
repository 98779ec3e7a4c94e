import koffi, { type LibraryHandle } from 'koffi';
import { errorMessage, UserError } from '../../errors.js';
import type { MpiKind } from '../launcher.js';
import { interfaceOf, type MpiInterface } from './interface.js';

/** Environment variable that names the library file, before any other place. */
const LIBRARY_VARIABLE = 'BIASLOSS_MPI';

/** File names by the launcher's kind: distributions call Open MPI's and MPICH's by different numbers. */
const names: Readonly<Record<MpiKind, readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi_abi.so.0', 'libmpi.40.dylib', 'libmpi.so', 'libmpi.dylib'],
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_abi.so.0', 'libmpi.12.dylib', 'libmpich.so', 'libmpi.so'],
  any: ['libmpi.so.40', 'libmpi.so.12', 'libmpich.so.12', 'libmpi_abi.so.0', 'libmpi.so'],
};

/** A loaded library, before `MPI_Init`. */
export interface MpiLibrary {
  readonly handle: LibraryHandle;
  /** The name or path that it was found under. */
  readonly path: string;
  /** `Open MPI v4.1.4`, `MPICH 4.0.2`. */
  readonly version: string;
  readonly interface: MpiInterface;
}

/**
 * Finds and loads the library of MPI that belongs to a launcher.
 *
 * @param environment where `BIASLOSS_MPI` may name the file
 * @throws UserError when there is none, or the file is no library of MPI
 */
export function loadMpi(
  kind: MpiKind,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): MpiLibrary {
  const named = environment[LIBRARY_VARIABLE];
  const { handle, path } = openFirst(named ? [named] : names[kind], named !== undefined);
  keepLoaded(path);
  const version = readVersion(handle, path);
  return { handle, path, version, interface: interfaceOf(handle, version) };
}

function openFirst(paths: readonly string[], isNamed: boolean): { handle: LibraryHandle; path: string } {
  const reasons: string[] = [];
  for (const path of paths) {
    try {
      // Open MPI's own plug-ins look for its symbols among the global ones.
      return { handle: koffi.load(path, { global: true }), path };
    } catch (error) {
      reasons.push(errorMessage(error));
    }
  }
  throw new UserError(
    isNamed
      ? `${LIBRARY_VARIABLE} names ${paths[0]}, which cannot be loaded: ${reasons[0]}`
      : `several ranks need the library of MPI that started them, but none of ${paths.join(', ')} was found: ${LIBRARY_VARIABLE} may name the file`,
  );
}

/** `RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE` of each platform's dlfcn.h. */
const keepFlags: Readonly<Record<string, number>> = { linux: 0x1102, darwin: 0x8a };

/** Opens the library once more, for good: koffi unloads at a thread's end what it loaded there, and MPI has threads of its own. */
function keepLoaded(path: string): void {
  const flags = keepFlags[process.platform];
  if (flags !== undefined) koffi.load(null).func('void *dlopen(const char *, int)')(path, flags);
}

/** Longest version of any library, as mpi.h says. */
const MOST_CHARACTERS = 8192;

function readVersion(handle: LibraryHandle, path: string): string {
  const text = Buffer.alloc(MOST_CHARACTERS);
  const length = new Int32Array(1);
  try {
    handle.func('int MPI_Get_library_version(void *, void *)')(text, length);
  } catch (error) {
    throw new UserError(`${path} is no library of MPI: ${errorMessage(error)}`);
  }
  const whole = text.toString('latin1', 0, length[0]!).replace(/\0.*$/s, '');
  const mpich = /MPICH Version:\s*(\S+)/.exec(whole)?.[1];
  return mpich === undefined ? whole.split(/[,\n]/)[0]!.trim() : `MPICH ${mpich}`;
}
