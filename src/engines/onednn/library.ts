import { existsSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { errorMessage, UserError } from '../../errors.js';
import type { Block } from './dnnl.js';

/** Environment variable that names the library file, before any other place. */
const LIBRARY_VARIABLE = 'BIASLOSS_ONEDNN';

/** Start of the message if no library was found. */
export const NOT_INSTALLED = 'oneDNN is not installed';

/** Names of the Linux library: upstream's, and version 3's in Debian. */
const linuxNames = ['libdnnl.so.2', 'libdnnl.so.3', 'libdnnl.so.3.6'];

/** File names and places by platform. Version 2 comes first: it has Winograd's convolutions. */
const candidates: Readonly<Record<string, readonly string[]>> = {
  linux: [
    ...linuxNames,
    ...['/usr/local/lib', '/opt/intel/oneapi/dnnl/latest/lib'].flatMap((folder) =>
      linuxNames.map((name) => `${folder}/${name}`),
    ),
  ],
  darwin: [
    'libdnnl.2.dylib',
    'libdnnl.3.dylib',
    ...['/opt/homebrew/lib', '/usr/local/lib'].flatMap((folder) => [
      `${folder}/libdnnl.2.dylib`,
      `${folder}/libdnnl.dylib`,
    ]),
  ],
  win32: ['dnnl.dll', 'C:\\Program Files (x86)\\Intel\\oneAPI\\dnnl\\latest\\bin\\dnnl.dll'],
};

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
  /** Channels of a block in the layout that its code for this processor works on; undefined for reference code. */
  readonly block: Block | undefined;
  /** Whether the processor multiplies bf16 numbers itself. */
  readonly fastBf16: boolean;
}

/**
 * Finds and loads oneDNN.
 *
 * @param environment in which `BIASLOSS_ONEDNN` may name the file
 * @throws UserError when it is not found or its version is not known
 */
export function loadLibrary(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): DnnlLibrary {
  const named = environment[LIBRARY_VARIABLE];
  const { handle, path } = named ? openNamed(named) : openFirst(candidates[process.platform] ?? []);
  keepLoaded(path);
  const version = readVersion(handle, path);
  const isa: number = handle.func('int dnnl_get_effective_cpu_isa()')();
  const [, instructionSet = 'its reference code', block] =
    instructionSets.find(([bits]) => (isa & bits) === bits) ?? [];
  return {
    handle,
    path,
    ...version,
    version: `${version.major}.${version.minor}.${version.patch}`,
    instructionSet,
    block,
    fastBf16: (isa & 0xe7) === 0xe7,
  };
}

function openNamed(path: string): { handle: LibraryHandle; path: string } {
  if (/[\\/]/.test(path) && !existsSync(path))
    throw new UserError(`${LIBRARY_VARIABLE} names ${path}, which does not exist`);
  try {
    return { handle: koffi.load(path), path };
  } catch (error) {
    throw new UserError(`${LIBRARY_VARIABLE} names ${path}, which cannot be loaded: ${errorMessage(error)}`);
  }
}

/** The first that loads; a file that is there but does not load does not count as missing. */
function openFirst(paths: readonly string[]): { handle: LibraryHandle; path: string } {
  let broken: string | undefined;
  for (const path of paths) {
    try {
      return { handle: koffi.load(path), path };
    } catch (error) {
      if (existsSync(path)) broken ??= `${path} is there but cannot be loaded: ${errorMessage(error)}`;
    }
  }
  if (broken !== undefined) throw new UserError(broken);
  throw new UserError(
    `${NOT_INSTALLED}: no ${paths[0] ?? 'dnnl library'} was found (Debian 12 has it as libdnnl2; biasloss doctor says how to install it elsewhere)`,
  );
}

/** `RTLD_NOW | RTLD_NODELETE` of each platform's dlfcn.h. */
const keepFlags: Readonly<Record<string, number>> = { linux: 0x1002, darwin: 0x82 };

/**
 * Opens the library once more, permanently: when a thread ends, koffi unloads what it loaded there, and the
 * library's own threads, which outlive the calling one, would be left without code to run.
 */
function keepLoaded(path: string): void {
  const flags = keepFlags[process.platform];
  if (flags === undefined) return;
  const open = koffi.load(null).func('void *dlopen(const char *, int)');
  open(path, flags);
}

function readVersion(handle: LibraryHandle, path: string): { major: number; minor: number; patch: number } {
  let address: bigint;
  try {
    address = handle.func('void *dnnl_version()')();
  } catch (error) {
    throw new UserError(`${path} is not oneDNN: ${errorMessage(error)}`);
  }
  const [major, minor, patch] = [0n, 4n, 8n].map((offset) => koffi.decode.int(address + offset));
  return { major: major!, minor: minor!, patch: patch! };
}

/**
 * Sets the threads that the library computes with when the calling thread executes primitives. Libraries
 * that were built without OpenMP keep their own number.
 *
 * @returns whether the library took the number
 */
export function setThreads({ handle }: DnnlLibrary, threads: number): boolean {
  try {
    handle.func('void omp_set_num_threads(int)')(threads);
    return true;
  } catch {
    return false;
  }
}
