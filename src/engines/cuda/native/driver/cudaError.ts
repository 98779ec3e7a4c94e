import { UserError } from '../../../../errors.js';

/** Codes of `CUresult` that have a sentence of their own. */
export const CUDA = {
  outOfMemory: 2,
  deinitialized: 4,
  stubLibrary: 34,
  callRequiresNewerDriver: 36,
  deviceUnavailable: 46,
  noDevice: 100,
  invalidImage: 200,
  noBinaryForGpu: 209,
  unsupportedPtx: 222,
  systemNotReady: 802,
  driverMismatch: 803,
  compatNotSupported: 804,
} as const;

/** Codes after which nothing can be done with the device in this process. */
const lost = new Set([214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 999]);

const sentences: Readonly<Record<number, string>> = {
  [CUDA.stubLibrary]:
    'the CUDA library that was found is a stub for building programs; the NVIDIA driver is missing',
  [CUDA.callRequiresNewerDriver]: 'the NVIDIA driver is too old for this engine; update it',
  [CUDA.deviceUnavailable]: 'the NVIDIA GPU is busy or not available: another process may have it for itself',
  [CUDA.noDevice]: 'no NVIDIA GPU was found (CUDA_VISIBLE_DEVICES may hide it)',
  [CUDA.unsupportedPtx]:
    'the NVIDIA driver is too old for the NVRTC that was found; update it, or install an older NVRTC',
  [CUDA.systemNotReady]: 'the NVIDIA GPUs are not ready: their fabric manager is not running',
  [CUDA.driverMismatch]:
    'the NVIDIA driver and its library libcuda.so.1 have different versions; restart the machine after an update',
  [CUDA.compatNotSupported]:
    "CUDA's compatibility libraries do not support this NVIDIA GPU; update the driver instead",
};

/** A function of the driver that failed. */
export class CudaError extends UserError {
  /**
   * @param call the function's name
   * @param code of `CUresult`
   * @param text what the driver says about it
   */
  constructor(
    call: string,
    readonly code: number,
    text: string,
  ) {
    super(sentences[code] ?? describe(call, code, text));
  }
}

function describe(call: string, code: number, text: string): string {
  return lost.has(code)
    ? `the NVIDIA GPU was lost: ${text}, seen by ${call}; run again from the last checkpoint`
    : `${call} failed: ${text}`;
}
