import { isArrayBuffer } from '../../realms.js';

const { port1, port2: closed } = new MessageChannel();
closed.close();
// In Node, an open port would keep the process from ending.
const port: typeof port1 & { unref?(): void } = port1;
port.unref?.();

/**
 * Frees the memory of arrays that nobody needs any more, at once: left to the garbage collector, which sees
 * small objects, it stays for long. What is transferred through a port that has no other end is freed.
 * Arrays that share their buffer with something else are left alone.
 */
export function freeArrays(arrays: Iterable<ArrayBufferView>): void {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer, byteLength } of arrays)
    if (isArrayBuffer(buffer) && byteLength === buffer.byteLength) buffers.add(buffer);
  port.postMessage(undefined, [...buffers]);
}
