import type { PickleValue } from '../pickle/values.js';
import type { TorchStorage } from './objects.js';

/** A checkpoint's object, whose tensors refer to storages, and the way to their bytes. */
export interface TorchSource {
  readonly root: PickleValue;
  /** All bytes under a storage's key. @throws PickleFault or UserError when they are missing, damaged or of another size */
  readonly bytesOf: (storage: TorchStorage) => Uint8Array;
}
