import { someItems } from '../../../formats/someItems.js';
import { formatShape, sizeOf } from '../../../graph/tensorType.js';
import type { Stored } from '../codegen/stored.js';
import { BYTES } from '../device.js';

/** Elements that a tensor has in memory: repeated ones count once. */
function elements({ shape, strides }: Stored): number {
  return sizeOf(shape.filter((_, axis) => strides[axis] !== 0));
}

/** Bytes of tensors, each once. */
export function bytesMoved(tensors: readonly Stored[]): number {
  return [...new Set(tensors)].reduce((sum, tensor) => sum + elements(tensor) * BYTES[tensor.type], 0);
}

/** What a step reads and writes, human-readable: the large tensors. */
export function describeTensors(reads: readonly Stored[], writes: readonly Stored[]): string {
  const text = (tensors: readonly Stored[]): string => {
    const distinct = [...new Set(tensors)].sort((a, b) => elements(b) - elements(a));
    const named = distinct.map(({ type, shape }) => `${type}${formatShape(shape)}`);
    return someItems(named, 4).join(' ');
  };
  return `${text(reads)} → ${text(writes)}`;
}
