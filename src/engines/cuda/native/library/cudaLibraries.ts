import { UserError } from '../../../../errors.js';
import { type Environment, foldersOfDriver, foldersOfLibraries } from './libraryFolders.js';
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
  return openLibrary(['libcuda.so.1'], foldersOfDriver(environment), "NVIDIA's driver");
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
  const open = (name: string, title: string): OpenedLibrary =>
    openLibrary(
      majors.map((major) => `${name}.so.${major}`),
      folders,
      title,
    );
  const nvrtc = open('libnvrtc', 'NVRTC (package cuda-nvrtc, or the wheel nvidia-cuda-nvrtc)');
  loadSiblings(nvrtc.path, /^libnvrtc-builtins\.so\.[\d.]+$/);
  // cuDNN asks the loader for both by name.
  const cublasLt = open('libcublasLt', 'cuBLASLt (package libcublas, or the wheel nvidia-cublas)');
  const cudnn = openLibrary(
    ['libcudnn.so.9'],
    folders,
    'cuDNN 9 (package cudnn9-cuda, or the wheel nvidia-cudnn-cu13 or -cu12)',
  );
  return { nvrtc, cublasLt, cudnn, compilesInParallel };
}
