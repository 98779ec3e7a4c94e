import { DTYPE_BYTES, elementCount, type StoredTensors } from '../tensor.js';
import { SAFETENSORS_DTYPES } from './parse.js';

/**
 * A .safetensors file, in chunks that can be written one after the other without a copy of the data.
 * Tensors are laid out in the map's order.
 */
export function serializeSafetensors(
  tensors: StoredTensors,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array[] {
  const header: Record<string, unknown> =
    metadata.size > 0 ? { __metadata__: Object.fromEntries(metadata) } : {};
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data.length !== elementCount(shape) * DTYPE_BYTES[dtype]) {
      throw new Error(
        `${name} has ${data.length} bytes, which do not fill [${shape.join(', ')}] of ${dtype}`,
      );
    }
    header[name] = { dtype: SAFETENSORS_DTYPES[dtype], shape, data_offsets: [offset, offset + data.length] };
    offset += data.length;
  }
  const text = JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const padded = new Uint8Array(8 + Math.ceil(encoded.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(encoded, 8);
  return [padded, ...[...tensors.values()].map(({ data }) => data)];
}
