import { existsSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { errorMessage, UserError } from '../../errors.js';
import type { Environment } from '../systemLibraries/folders.js';
import { pythonFolders } from '../systemLibraries/python.js';
import type { Block } from './dnnl.js';
import { type Opened, openClDriver, openLibrary } from './search/open.js';
import { libraryPaths, usualName } from './search/paths.js';
import { type CpuRuntime, cpuRuntime } from './threading.js';

/** Environment variable that names the library file, before any other place. */
const LIBRARY_VARIABLE = 'BIASLOSS_ONEDNN';

/** Start of the message if no library was found. */
export const NOT_INSTALLED = 'oneDNN is not installed';

/** Instruction sets by the numbers of `dnnl_cpu_isa_t`; a library's number may hold more bits. */
const instructionSets: readonly (readonly [bits: number, name: string, block: Block])[] = [
  [0x3e7, 'AVX512-AMX', 16],
  [0xe7, 'AVX512-BF16', 16],
  [0x67, 'AVX512-VNNI', 16],
  [0x27, 'AVX512', 16],
  [0x7, 'AVX2', 8],
  [0x3, 'AVX', 8],
  [0x1, 'SSE4.1', 8],
];

/** A loaded library, before anything is created in it. */
export interface DnnlLibrary {
  readonly handle: LibraryHandle;
  /** The name or path that it was found under. */
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  /** `2.6.3` */
  readonly version: string;
  /** The instruction set that it compiles for on this processor. */
  readonly instructionSet: string;
  /** What it computes on several threads with; undefined where that is not known. */
  readonly runtime: CpuRuntime | undefined;
  /** Channels of a block in the layout that its code for this processor works on; undefined for reference code. */
  readonly block: Block | undefined;
  /** Whether the processor multiplies bf16 numbers itself. */
  readonly fastBf16: boolean;
  /** Whether it multiplies tiles of them (AMX). */
  readonly hasTiles: boolean;
}

/**
 * Finds and loads oneDNN.
 *
 * @param environment in which `BIASLOSS_ONEDNN` may name the file
 * @throws UserError when it is not found or its version is not known
 */
export function loadLibrary(environment: Environment = process.env): DnnlLibrary {
  const named = environment[LIBRARY_VARIABLE];
  const { handle, path } = named ? openNamed(named) : openFirst(environment);
  const { runtime, ...version } = readVersion(handle, path);
  if (runtime === 'sycl') nameOpenCl(path, environment);
  const isa: number = handle.func('int dnnl_get_effective_cpu_isa()')();
  const [, instructionSet = 'its reference code', block] =
    instructionSets.find(([bits]) => (isa & bits) === bits) ?? [];
  return {
    handle,
    path,
    ...version,
    version: `${version.major}.${version.minor}.${version.patch}`,
    instructionSet,
    runtime,
    block,
    fastBf16: (isa & 0xe7) === 0xe7,
    hasTiles: (isa & 0x3e7) === 0x3e7,
  };
}

function openNamed(path: string): Opened {
  if (/[\\/]/.test(path) && !existsSync(path))
    throw new UserError(`${LIBRARY_VARIABLE} names ${path}, which does not exist`);
  try {
    return openLibrary(path);
  } catch (error) {
    throw new UserError(`${LIBRARY_VARIABLE} names ${path}, which cannot be loaded: ${errorMessage(error)}`);
  }
}

/** The first that loads; a file that is there but does not load does not count as missing. */
function openFirst(environment: Environment): Opened {
  const { platform } = process;
  const pythonPrefixes = (): readonly string[] => pythonFolders(environment).prefixes;
  let broken: string | undefined;
  for (const path of libraryPaths({ platform, environment, pythonPrefixes })) {
    try {
      return openLibrary(path);
    } catch (error) {
      if (existsSync(path)) broken ??= `${path} is there but cannot be loaded: ${errorMessage(error)}`;
    }
  }
  if (broken !== undefined) throw new UserError(broken);
  throw new UserError(
    `${NOT_INSTALLED}: no ${usualName(platform)} was found (Debian 12 has it as libdnnl2; biasloss doctor says how to install it elsewhere)`,
  );
}

/** Offsets in `dnnl_version_t`. */
const VERSION = { major: 0, minor: 4, patch: 8, cpuRuntime: 24 } as const;

function readVersion(
  handle: LibraryHandle,
  path: string,
): Pick<DnnlLibrary, 'major' | 'minor' | 'runtime'> & { readonly patch: number } {
  let address: bigint;
  try {
    address = handle.func('void *dnnl_version()')();
  } catch (error) {
    throw new UserError(`${path} is not oneDNN: ${errorMessage(error)}`);
  }
  const read = (field: keyof typeof VERSION): number => koffi.decode.int(address + BigInt(VERSION[field]));
  return {
    major: read('major'),
    minor: read('minor'),
    patch: read('patch'),
    runtime: cpuRuntime(read('cpuRuntime')),
  };
}

const OPENCL_VARIABLE = 'OCL_ICD_FILENAMES';

/** Tells OpenCL's loader, by which SYCL finds the processor, of the driver in the wheel's folder; the system has no list of it. */
function nameOpenCl(path: string, environment: Environment): void {
  const driver = openClDriver(path);
  if (driver === undefined || environment[OPENCL_VARIABLE] !== undefined) return;
  // A worker's process.env is a copy: only C's own function reaches the library.
  koffi.load(null).func('int setenv(const char *, const char *, int)')(OPENCL_VARIABLE, driver, 1);
}
