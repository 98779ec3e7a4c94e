import { crc32 } from '../crc.js';
import { ELSEWHERE_16, ELSEWHERE_32, FLAGS, RECORD_BYTES, SIGNATURES } from './layout.js';

/** An entry to write. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
}

/** Where entries' data begin: at multiples of this, as in PyTorch's own files, so that they can be mapped. */
const ALIGNMENT = 64;
/** Version of the format that is needed to read the file: 1.0. */
const VERSION = 10;
/** 1980-01-01 in MS-DOS's format: files do not depend on when they were written. */
const DATE = (1 << 5) | 1;
/** Extra field that PyTorch pads with. */
const PADDING_EXTRA = 0x4246;

/** Name, checksum, size and place of an entry. */
interface Placed {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * A ZIP file of stored entries as consecutive pieces, the entries' own bytes among them.
 *
 * @throws RangeError beyond 4 GiB or 65,534 entries, where ZIP64 would be needed
 */
export function zipChunks(entries: readonly ZipEntry[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const placed: Placed[] = [];
  let at = 0;
  const add = (chunk: Uint8Array): void => {
    chunks.push(chunk);
    at += chunk.length;
  };
  for (const { name, data } of entries) {
    const entry = { name: new TextEncoder().encode(name), crc: crc32(data), size: data.length, offset: at };
    placed.push(entry);
    add(localHeader(entry));
    add(data);
  }
  const start = at;
  for (const entry of placed) add(centralHeader(entry));
  if (at >= ELSEWHERE_32 || entries.length >= ELSEWHERE_16)
    throw new RangeError(`a ZIP file of ${at} bytes and ${entries.length} entries is too large to write`);
  chunks.push(endRecord(entries.length, start, at - start));
  return chunks;
}

/** Version, flags, method, time, date, checksum, both sizes and the name's length: the same in both headers. */
function writeCommon(view: DataView, at: number, { name, crc, size }: Placed): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 2, FLAGS.utf8, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, name.length, true);
}

/** A header with an extra field that pads the data to {@link ALIGNMENT}. */
function localHeader(entry: Placed): Uint8Array {
  const unpadded = RECORD_BYTES.local + entry.name.length + 4;
  const padding = -(entry.offset + unpadded) & (ALIGNMENT - 1);
  const header = new Uint8Array(unpadded + padding);
  const view = new DataView(header.buffer);
  view.setUint32(0, SIGNATURES.local, true);
  writeCommon(view, 4, entry);
  view.setUint16(28, 4 + padding, true);
  header.set(entry.name, RECORD_BYTES.local);
  view.setUint16(RECORD_BYTES.local + entry.name.length, PADDING_EXTRA, true);
  view.setUint16(RECORD_BYTES.local + entry.name.length + 2, padding, true);
  return header;
}

function centralHeader(entry: Placed): Uint8Array {
  const header = new Uint8Array(RECORD_BYTES.central + entry.name.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, SIGNATURES.central, true);
  view.setUint16(4, VERSION, true);
  writeCommon(view, 6, entry);
  view.setUint32(42, entry.offset, true);
  header.set(entry.name, RECORD_BYTES.central);
  return header;
}

function endRecord(count: number, start: number, size: number): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES.end);
  const view = new DataView(record.buffer);
  view.setUint32(0, SIGNATURES.end, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, start, true);
  return record;
}
