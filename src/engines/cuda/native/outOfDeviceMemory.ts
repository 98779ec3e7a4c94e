import { UserError } from '../../../errors.js';

/** Bytes of a device's memory. */
export interface MemoryInfo {
  readonly free: number;
  readonly total: number;
}

/** Memory of the device is used up. */
export class OutOfDeviceMemory extends UserError {
  /**
   * @param wanted bytes, or the function of the driver that needs memory
   * @param memory what there is, if the driver says it
   */
  constructor(wanted: number | string, memory?: MemoryInfo) {
    // Memory of the process that the device reads is the machine's, and has to be mapped on the device.
    const whose =
      typeof wanted === 'string' && wanted.includes('Host') ? 'the GPU or the machine' : 'the GPU';
    const [use, more] =
      typeof wanted === 'string' ? [` for ${wanted}`, ''] : ['', `${mib(wanted)} more are needed, `];
    const rest = memory
      ? `${more}${mib(memory.free)} of ${mib(memory.total)} are free; a smaller batch size needs less`
      : `${more}other processes may have it`;
    super(`${whose} has too little memory${use}: ${rest}`);
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
