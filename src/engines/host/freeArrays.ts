import { isArrayBuffer } from '../../realms.js';

const { port1, port2: closed } = new MessageChannel();
closed.close();
// In Node, an open port would keep the process alive.
const port: typeof port1 & { unref?(): void } = port1;
port.unref?.();

/**
 * Frees the memory of arrays that are no longer needed, at once: the garbage collector, which only sees small
 * objects, would keep it for long. What is transferred through a port without another end is freed. Arrays that share their buffer with something else are not touched.
 */
export function freeArrays(arrays: Iterable<ArrayBufferView>): void {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer, byteLength } of arrays)
    if (isArrayBuffer(buffer) && byteLength === buffer.byteLength) buffers.add(buffer);
  port.postMessage(undefined, [...buffers]);
}
