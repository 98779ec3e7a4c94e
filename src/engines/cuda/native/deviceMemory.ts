import type { Pointer } from '../device.js';
import type { Driver } from './driver/driver.js';
import { OutOfDeviceMemory } from './outOfDeviceMemory.js';

/**
 * Memory of a device.
 *
 * @param release frees what can be done without, where there is too little
 * @throws OutOfDeviceMemory when there is too little nonetheless
 */
export function allocate(driver: Driver, bytes: number, release: () => void): Pointer {
  const size = Math.max(bytes, 1);
  try {
    return driver.allocate(size);
  } catch (error) {
    if (!(error instanceof OutOfDeviceMemory)) throw error;
  }
  release();
  return driver.allocate(size);
}
