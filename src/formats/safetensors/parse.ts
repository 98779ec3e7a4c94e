import { UserError } from '../../errors.js';
import { describeForeignFile } from '../foreignFile.js';
import { quoted } from '../quote.js';
import { bytesOf, type StoredTensors } from '../tensor.js';
import { LENGTH_BYTES, MAX_HEADER_BYTES } from './format.js';
import { type Header, parseHeader } from './header.js';
import { HeaderError } from './headerText.js';

/** The file ends too early. The message fits after "the file is truncated: ". */
class Truncated extends Error {}

/** Contents of a safetensors file. */
export interface SafetensorsFile {
  /** In the order of the header. Data are views of the file's bytes. */
  readonly tensors: StoredTensors;
  /** The header's `__metadata__`; empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a safetensors file (https://github.com/huggingface/safetensors#format) as strictly as the format
 * is specified: a header of at most 100 MB in UTF-8 that begins with "{", no duplicate or unknown keys,
 * and tensors that cover the rest of the file without holes, overlaps or bytes left over.
 *
 * @param fileName for messages
 * @throws UserError when the file is not such
 */
export function parseSafetensors(bytes: Uint8Array, fileName: string): SafetensorsFile {
  const foreign = describeForeignFile(bytes);
  if (foreign !== undefined) throw new UserError(`${fileName} ${foreign}`);
  try {
    const { text, body } = split(bytesOf(bytes));
    const header = parseHeader(text);
    checkCover(header, body.byteLength);
    const tensors: StoredTensors = new Map();
    for (const { name, dtype, shape, begin, end } of header.entries)
      tensors.set(name, { dtype, shape, data: body.subarray(begin, end) });
    return { tensors, metadata: header.metadata };
  } catch (error) {
    if (error instanceof Truncated) throw new UserError(`${fileName} is truncated: ${error.message}`);
    if (!(error instanceof HeaderError)) throw error;
    throw new UserError(`${fileName} is not a valid safetensors file: the header ${error.message}`);
  }
}

function split(bytes: Uint8Array): { text: string; body: Uint8Array } {
  if (bytes.byteLength < LENGTH_BYTES)
    throw new HeaderError(`is missing in a file of ${bytes.byteLength} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw new HeaderError(`would have ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const start = LENGTH_BYTES + Number(length);
  const isHeader = bytes[LENGTH_BYTES] === '{'.charCodeAt(0);
  if (start > bytes.byteLength) {
    const what = `would have ${length} bytes, but the file has ${bytes.byteLength} in all`;
    throw isHeader ? new Truncated(`its header ${what}`) : new HeaderError(what);
  }
  const encoded = bytes.subarray(LENGTH_BYTES, start);
  if (!isHeader) throw new HeaderError('does not begin with "{"');
  return { text: decodeUtf8(encoded), body: bytes.subarray(start) };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HeaderError('is not UTF-8');
  }
}

/** Refuses tensors that leave holes, overlap, or do not end where the file does. */
function checkCover({ entries }: Header, length: number): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of sorted) {
    if (begin !== at)
      throw new HeaderError(
        `${begin < at ? 'lets tensors overlap' : 'leaves a hole between tensors'}: ${quoted(name)} begins at byte ${begin}, expected ${at}`,
      );
    at = end;
  }
  if (at > length)
    throw new Truncated(
      `its tensors take ${at} bytes, but ${length} follow the header; copy or download it again`,
    );
  if (at !== length) throw new HeaderError(`describes ${at} bytes of tensors, but ${length} bytes follow it`);
}
