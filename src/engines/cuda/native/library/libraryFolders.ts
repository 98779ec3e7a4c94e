import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  activePrefixes,
  type Environment,
  entries,
  existing,
  listed,
} from '../../../systemLibraries/folders.js';
import { pythonFolders } from '../../../systemLibraries/python.js';

/** Environment variable that names folders of CUDA's libraries, which are searched before any other. */
export const FOLDERS_VARIABLE = 'BIASLOSS_CUDA';

/** The driver's library, and the file of the driver in the kernel. */
export const DRIVER = 'libcuda.so.1';
const DRIVER_DEVICE = 'dev/nvidiactl';

/** Folders where the driver is that the system's loader may not know: containers, WSL. */
const driverFolders = [
  '/usr/local/nvidia/lib64',
  '/usr/lib/wsl/lib',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
];

/** Folders of the toolkit and of distributions' packages. */
const systemFolders = [
  '/usr/local/cuda/lib64',
  '/usr/local/cuda/targets/x86_64-linux/lib',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
];

/**
 * Folders that may have the driver's library, in the order in which they are searched.
 *
 * @param root stands for `/` (default)
 */
export function foldersOfDriver(environment: Environment, root = '/'): string[] {
  return existing([
    ...listed(environment[FOLDERS_VARIABLE]),
    ...listed(environment.LD_LIBRARY_PATH),
    ...driverFolders.map((folder) => join(root, folder)),
  ]);
}

/**
 * Folders that may have NVRTC, cuDNN and cuBLASLt, in the order in which they are searched: those that variables name, packages
 * of the Python environment, the toolkit's.
 *
 * @param root stands for `/` (default)
 * @param packages folders with packages of Python, besides those of the environment's variables
 */
export function foldersOfLibraries(
  environment: Environment,
  root = '/',
  packages: readonly string[] = pythonFolders(environment).packages,
): string[] {
  const homes = [environment.CUDA_HOME, environment.CUDA_PATH].filter((home) => home !== undefined);
  const prefixes = activePrefixes(environment);
  return existing([
    ...listed(environment[FOLDERS_VARIABLE]),
    ...listed(environment.LD_LIBRARY_PATH),
    ...homes.flatMap((home) => [join(home, 'lib64'), join(home, 'lib')]),
    ...prefixes.flatMap(packagesOfPrefix).flatMap(wheelFolders),
    ...packages.flatMap(wheelFolders),
    ...prefixes.map((prefix) => join(prefix, 'lib')),
    ...systemFolders.map((folder) => join(root, folder)),
  ]);
}

/**
 * Whether there may be an NVIDIA driver, found out without loading anything.
 *
 * @param root stands for `/` (default)
 */
export function hasDriver(environment: Environment, root = '/'): boolean {
  const files = foldersOfDriver(environment, root).map((folder) => join(folder, DRIVER));
  return [...files, join(root, DRIVER_DEVICE)].some((path) => existsSync(path));
}

/** Folders of the libraries in NVIDIA's wheels: `nvidia/cu13/lib`, or with CUDA 12 `nvidia/cublas/lib` and so on. */
function wheelFolders(packages: string): string[] {
  const nvidia = join(packages, 'nvidia');
  return entries(nvidia).map((name) => join(nvidia, name, 'lib'));
}

function packagesOfPrefix(prefix: string): string[] {
  return entries(join(prefix, 'lib'))
    .filter((name) => /^python3\.\d+$/.test(name))
    .map((name) => join(prefix, 'lib', name, 'site-packages'));
}
