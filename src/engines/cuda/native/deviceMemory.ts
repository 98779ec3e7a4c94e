import type { Pointer } from '../device.js';
import { CUDA, CudaError } from './driver/cudaError.js';
import type { Driver } from './driver/driver.js';
import { OutOfDeviceMemory } from './outOfDeviceMemory.js';

/**
 * Memory of a device.
 *
 * @param release frees what can be done without, where there is too little
 * @throws OutOfDeviceMemory when there is too little nonetheless
 */
export function allocate(driver: Driver, bytes: number, release: () => void): Pointer {
  const pointer = tryAllocate(driver, bytes);
  if (pointer !== undefined) return pointer;
  release();
  const second = tryAllocate(driver, bytes);
  if (second !== undefined) return second;
  const { free, total } = driver.memory();
  throw new OutOfDeviceMemory(
    `the GPU has too little memory: ${mib(bytes)} more are needed, ${mib(free)} of ${mib(total)} are free; a smaller batch size needs less`,
  );
}

/** Memory; undefined where there is too little. */
function tryAllocate(driver: Driver, bytes: number): Pointer | undefined {
  try {
    return driver.allocate(Math.max(bytes, 1));
  } catch (error) {
    if (error instanceof CudaError && error.code === CUDA.outOfMemory) return undefined;
    throw error;
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
