import koffi, { type LibraryHandle } from 'koffi';

/** What a library computes on several threads with, by the bits of `dnnl_version_t`. */
export type CpuRuntime = 'sequential' | 'openmp' | 'tbb' | 'threadpool' | 'sycl';

const runtimes: readonly (readonly [bit: number, runtime: CpuRuntime])[] = [
  [1, 'sequential'],
  [2, 'openmp'],
  [4, 'tbb'],
  [8, 'threadpool'],
  [512, 'sycl'],
];

/**
 * The runtime that a number of `dnnl_version_t` means.
 *
 * @returns undefined for one that is not known
 */
export function cpuRuntime(bits: number): CpuRuntime | undefined {
  return runtimes.find(([bit]) => (bits & bit) !== 0)?.[1];
}

/** How many threads a library computes with. */
export interface ThreadLimit {
  /** Human-readable: `2 threads (GNU OpenMP)`. */
  readonly text: string;
  /** Those that it computes with, as far as that is known: fewer than it was told to where OpenMP has a limit. */
  readonly threads: number;
  /** OpenMP's limit; undefined: none. */
  readonly most?: number | undefined;
  /** Whether it computes with as many as it was told to. */
  readonly holds: boolean;
  /** Ends a limit that holds for the process. */
  release(): void;
}

/**
 * Sets the threads that a library computes with: OpenMP's when the calling thread executes primitives; TBB's in the whole
 * process until the limit is released, never more than the machine has processors.
 */
export function limitThreads(
  handle: LibraryHandle,
  runtime: CpuRuntime | undefined,
  threads: number,
): ThreadLimit {
  const release = (): void => undefined;
  switch (runtime) {
    case 'openmp': {
      const openmp = limitOpenMp(handle, threads);
      if (!openmp) return { text: 'threads as its OpenMP chooses', threads, holds: false, release };
      const { title, ...counts } = openmp;
      const reason = counts.threads < threads ? `${title}, OMP_THREAD_LIMIT allows no more` : title;
      return { text: `${threadsText(counts.threads)} (${reason})`, ...counts, holds: true, release };
    }
    case 'tbb':
    case 'sycl': {
      const title = runtime === 'sycl' ? 'SYCL with TBB' : 'TBB';
      const limit = limitTbb(handle, threads);
      return limit
        ? { text: `${threadsText(threads)} (${title})`, threads, holds: true, release: limit }
        : { text: `threads as ${title} chooses`, threads, holds: false, release };
    }
    case 'sequential':
      return { text: '1 thread: the library was built without threads', threads: 1, holds: false, release };
    case 'threadpool':
      return {
        text: '1 thread: the library was built for a thread pool of its caller',
        threads: 1,
        holds: false,
        release,
      };
    case undefined:
      return { text: 'threads as it chooses', threads, holds: false, release };
  }
}

function threadsText(threads: number): string {
  return `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** Modules that have OpenMP on Windows, where a library does not show the functions of those that it needs. */
const openMpModules = [
  ['vcomp140.dll', 'Microsoft’s OpenMP'],
  ['libiomp5md.dll', 'LLVM’s OpenMP'],
  ['libomp140.x86_64.dll', 'LLVM’s OpenMP'],
  ['libomp.dll', 'LLVM’s OpenMP'],
  ['libgomp-1.dll', 'GNU OpenMP'],
] as const;

/** What OpenMP says where there is no limit, the largest `int`, or somewhat less. */
const UNLIMITED = 2 ** 20;

/** Threads that an OpenMP computes with. */
interface OpenMpThreads {
  /** Whose OpenMP it is. */
  readonly title: string;
  readonly threads: number;
  readonly most: number | undefined;
}

/** Sets OpenMP's threads; undefined where they cannot be set. */
function limitOpenMp(handle: LibraryHandle, wanted: number): OpenMpThreads | undefined {
  if (process.platform === 'win32') {
    const loaded = openMpModules.filter(([module]) => isLoaded(module));
    const counts = loaded.map(([module, title]) => ({ title, ...setOpenMp(koffi.load(module), wanted) }));
    return counts[0];
  }
  try {
    return { title: openMpTitle(handle), ...setOpenMp(handle, wanted) };
  } catch {
    return undefined;
  }
}

function openMpTitle(handle: LibraryHandle): string {
  // LLVM's and Intel's have GNU's functions, too.
  if (has(handle, '__kmpc_fork_call')) return 'LLVM’s OpenMP';
  return has(handle, 'GOMP_parallel') ? 'GNU OpenMP' : 'OpenMP';
}

/**
 * Sets the threads of one OpenMP such that it gives all of them to each parallel region of the calling thread: the library's code waits for
 * all that it has divided its work among, for ever if some are missing.
 *
 * @throws Error where there is no such function
 */
function setOpenMp(library: LibraryHandle, wanted: number): Omit<OpenMpThreads, 'title'> {
  const set = library.func('void omp_set_num_threads(int)');
  const limit = has(library, 'omp_get_thread_limit') ? library.func('int omp_get_thread_limit()')() : 0;
  const most = limit > 0 && limit < UNLIMITED ? limit : undefined;
  const threads = Math.min(wanted, most ?? wanted);
  set(threads);
  // By OMP_DYNAMIC a busy machine gives fewer; by OMP_MAX_ACTIVE_LEVELS=0 there is one thread alone.
  if (has(library, 'omp_set_dynamic')) library.func('void omp_set_dynamic(int)')(0);
  if (has(library, 'omp_set_max_active_levels')) library.func('void omp_set_max_active_levels(int)')(1);
  return { threads, most };
}

/** Whether a module of Windows is in the process. */
function isLoaded(module: string): boolean {
  return koffi.load('kernel32.dll').func('uintptr_t GetModuleHandleA(const char *)')(module) !== 0;
}

function has(handle: LibraryHandle, name: string): boolean {
  try {
    handle.func(`void ${name}()`);
    return true;
  } catch {
    return false;
  }
}

/** `tbb::global_control`: the value, room that TBB keeps for itself, the parameter. */
const CONTROL = koffi.array('uint64_t', 3);
const MAX_ALLOWED_PARALLELISM = 0n;

/** Limits TBB's threads; returns what ends the limit, or undefined where TBB has no such function. */
function limitTbb(handle: LibraryHandle, threads: number): (() => void) | undefined {
  const bind = (name: string) =>
    handle.func(`void _ZN3tbb6detail2r1${name}ERNS0_2d114global_controlE(void *)`);
  try {
    const [create, destroy] = [bind('6create'), bind('7destroy')];
    // TBB keeps a pointer to it: this is memory that no garbage collection frees.
    const control: unknown = koffi.alloc('uint64_t', 3);
    koffi.encode(control, CONTROL, [BigInt(threads), 0n, MAX_ALLOWED_PARALLELISM]);
    create(control);
    return () => {
      destroy(control);
      koffi.free(control);
    };
  } catch {
    return undefined;
  }
}
