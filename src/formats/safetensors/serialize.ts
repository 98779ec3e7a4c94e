import { UserError } from '../../errors.js';
import { checkedElementCount, DTYPE_BYTES, type StoredTensor } from '../tensor.js';
import { DTYPE_NAMES, LENGTH_BYTES, MAX_HEADER_BYTES, METADATA_KEY } from './format.js';

/**
 * A safetensors file as consecutive pieces, the tensors' own bytes among them, so that nothing is held
 * twice. The header names tensors in the order given; the data lie by falling element size, so that each
 * tensor is aligned to its own.
 *
 * @throws UserError for a name or text that the format cannot hold
 * @throws RangeError for a tensor whose bytes do not fit its shape
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array[] {
  const laidOut = [...tensors].sort(([, a], [, b]) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype]);
  const begins = new Map<string, number>();
  let at = 0;
  for (const [name, tensor] of laidOut) {
    checkTensor(name, tensor);
    begins.set(name, at);
    at += tensor.data.byteLength;
  }
  const entries = [...tensors].map(([name, { dtype, shape, data }]) => {
    const begin = begins.get(name)!;
    return member(name, { dtype: DTYPE_NAMES[dtype], shape, data_offsets: [begin, begin + data.byteLength] });
  });
  return [encodeHeader([...metadataMember(metadata), ...entries]), ...laidOut.map(([, { data }]) => data)];
}

function checkTensor(name: string, { dtype, shape, data }: StoredTensor): void {
  const count = checkedElementCount(shape);
  if (count === undefined || count * DTYPE_BYTES[dtype] !== data.byteLength)
    throw new RangeError(
      `${data.byteLength} bytes of ${name} are not a ${dtype} tensor of [${shape.join(', ')}]`,
    );
  if (name === METADATA_KEY) throw new UserError(`safetensors cannot hold a tensor named ${METADATA_KEY}`);
}

function member(key: string, value: object | string): string {
  if (/\p{Surrogate}/u.test(typeof value === 'string' ? key + value : key))
    throw new UserError(`safetensors cannot hold the text ${JSON.stringify(key)}: it is not valid Unicode`);
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

function metadataMember(metadata: ReadonlyMap<string, string>): string[] {
  const pairs = [...metadata].map(([key, value]) => member(key, value));
  return pairs.length > 0 ? [`${JSON.stringify(METADATA_KEY)}:{${pairs.join(',')}}`] : [];
}

/** Length and header, padded with spaces so that the data begin at a multiple of 8. */
function encodeHeader(members: readonly string[]): Uint8Array {
  const text = new TextEncoder().encode(`{${members.join(',')}}`);
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES)
    throw new UserError(`safetensors cannot hold a header of ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, LENGTH_BYTES);
  return header;
}
