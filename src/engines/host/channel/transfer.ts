import type { TensorData } from '../../../graph/tensorType.js';
import { isArrayBuffer, isError, isMap } from '../../../realms.js';
import type { Sender } from './port.js';

/**
 * Prepares an array for transfer: one that fills its buffer is returned as it is; a view of a part, or of
 * shared memory, is copied, so that nothing else loses its contents.
 */
export function wholeBuffer<T extends TensorData | Uint8Array>(array: T): T {
  const { buffer } = array;
  const owned = isArrayBuffer(buffer) && buffer.byteLength === array.byteLength;
  return owned ? array : (array.slice() as T);
}

/** Whether an array fills its buffer, which is not shared. */
function fillsBuffer(value: ArrayBufferView): boolean {
  return isArrayBuffer(value.buffer) && value.buffer.byteLength === value.byteLength;
}

/** The buffers, each once, of all arrays in a value that fill their buffer; searches arrays, maps and plain objects. */
export function buffersIn(value: unknown, found: Set<ArrayBuffer> = new Set()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (fillsBuffer(value)) found.add(value.buffer as ArrayBuffer);
  } else if (isMap(value)) {
    for (const each of value.values()) buffersIn(each, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const each of Object.values(value)) buffersIn(each, found);
  }
  return found;
}

/** Posts a message and transfers buffers with it; copies them if they cannot be transferred. */
export function post(end: Sender, message: unknown, transfer: ArrayBuffer[]): void {
  try {
    end.post(message, transfer);
  } catch (error) {
    if (transfer.length === 0 || !isError(error) || error.name !== 'DataCloneError') throw error;
    end.post(message, []);
  }
}
