import { UserError } from '../../errors.js';
import type { BackendFactory } from '../engine.js';
import { CudaBackend } from './cudaBackend.js';
import { openDevice } from './native/openDevice.js';

/**
 * The engine on an NVIDIA GPU, for a worker thread.
 *
 * @throws UserError when a library or a usable card is missing, the card does not multiply bf16 that was asked for, or there are several ranks
 */
export const createBackend: BackendFactory = (options, communicator) => {
  if (communicator.size > 1)
    throw new UserError('the CUDA engine computes on one rank: train without mpirun on it');
  const device = openDevice();
  const { precision } = options;
  if ((precision === 'bf16' || precision === 'tf32') && !device.hasBf16) {
    device.close();
    throw new UserError(`${device.description} does not multiply ${precision}: take the precision f32`);
  }
  return new CudaBackend(device, options);
};
