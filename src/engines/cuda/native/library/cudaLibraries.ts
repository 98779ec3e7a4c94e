import { UserError } from '../../../../errors.js';
import type { Environment } from '../../../systemLibraries/folders.js';
import { DRIVER, foldersOfDriver, foldersOfLibraries } from './libraryFolders.js';
import { enlargeStacks, loadSiblings, type OpenedLibrary, openLibrary } from './openLibrary.js';

/** Majors of CUDA whose libraries this engine knows, the newest first. */
const MAJORS = [13, 12];

/** The libraries besides the driver. */
export interface CudaLibraries {
  readonly nvrtc: OpenedLibrary;
  readonly cublasLt: OpenedLibrary;
  readonly cudnn: OpenedLibrary;
  /** Whether NVRTC may compile on other threads. */
  readonly compilesInParallel: boolean;
}

/** @throws UserError when there is no NVIDIA driver */
export function loadDriver(environment: Environment): OpenedLibrary {
  enlargeStacks();
  return openLibrary([DRIVER], foldersOfDriver(environment), "NVIDIA's driver");
}

/**
 * Loads NVRTC, cuBLASLt and cuDNN.
 *
 * @param driverVersion the newest version of CUDA that the driver supports, 13000 for 13.0: newer libraries are not used
 * @throws UserError when one is missing
 */
export function loadLibraries(environment: Environment, driverVersion: number): CudaLibraries {
  const compilesInParallel = enlargeStacks();
  const majors = MAJORS.filter((major) => major * 1000 <= driverVersion);
  if (majors.length === 0)
    throw new UserError(
      `the NVIDIA driver is too old: it supports CUDA ${Math.floor(driverVersion / 1000)}; this engine needs ${MAJORS.at(-1)} or newer`,
    );
  const folders = foldersOfLibraries(environment);
  const nvrtc = loadNvrtc(folders, majors);
  // cuDNN asks the loader for both by name.
  const cublasLt = loadCublasLt(folders, majors);
  const cudnn = loadCudnn(folders);
  return { nvrtc, cublasLt, cudnn, compilesInParallel };
}

/** @param majors of CUDA, the preferred first. @throws UserError when it is missing */
export function loadNvrtc(folders: readonly string[], majors = MAJORS): OpenedLibrary {
  const title = 'NVRTC (package cuda-nvrtc, or the wheel nvidia-cuda-nvrtc)';
  const nvrtc = openLibrary(versioned('libnvrtc', majors), folders, title);
  loadSiblings(nvrtc.path, /^libnvrtc-builtins\.so\.[\d.]+$/);
  return nvrtc;
}

/** As {@link loadNvrtc}. */
export function loadCublasLt(folders: readonly string[], majors = MAJORS): OpenedLibrary {
  const title = 'cuBLASLt (package libcublas, or the wheel nvidia-cublas)';
  return openLibrary(versioned('libcublasLt', majors), folders, title);
}

/** @throws UserError when it is missing */
export function loadCudnn(folders: readonly string[]): OpenedLibrary {
  const title = 'cuDNN 9 (package cudnn9-cuda, or the wheel nvidia-cudnn-cu13 or -cu12)';
  return openLibrary(['libcudnn.so.9'], folders, title);
}

function versioned(name: string, majors: readonly number[]): string[] {
  return majors.map((major) => `${name}.so.${major}`);
}
