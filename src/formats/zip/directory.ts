import { quoted } from '../quote.js';
import { ELSEWHERE_16, ELSEWHERE_32, RECORD_BYTES, SIGNATURES, ZIP64_EXTRA, ZipFault } from './layout.js';

/** An entry as the central directory describes it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Where the central directory lies. */
export interface DirectoryPlace {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** Entries at most: far more than any model has tensors. */
const MAX_ENTRIES = 200_000;
/** Longest comment at the end of the file. */
const MAX_COMMENT = 0xffff;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function u64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipFault(`has a size or offset of ${value}`);
  return Number(value);
}

/** Finds the record that ends the file, with whatever comment is in it. */
function findEnd(view: DataView): number {
  const last = view.byteLength - RECORD_BYTES.end;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== SIGNATURES.end) continue;
    if (at + RECORD_BYTES.end + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  throw new ZipFault(
    'is truncated or has bytes after its end: the directory that ends a ZIP file is missing; copy or download it again',
  );
}

/** Finds the central directory, which must end where the records after it begin. @throws ZipFault */
export function locateDirectory(view: DataView): DirectoryPlace {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const isWhole =
    view.getUint16(end + 4, true) === 0 &&
    view.getUint16(end + 6, true) === 0 &&
    view.getUint16(end + 8, true) === count;
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  const needs64 = count === ELSEWHERE_16 || size === ELSEWHERE_32 || start === ELSEWHERE_32;
  if (!needs64 && !isWhole) throw new ZipFault('is one part of a ZIP file of several');
  const at64 = locate64(view, end);
  if (at64 === undefined) {
    if (needs64) throw new ZipFault('lacks the ZIP64 record that its end refers to');
    return checkedPlace({ start, end: start + size, count }, end);
  }
  const place = read64(view, at64);
  if (!needs64 && (place.count !== count || place.start !== start || place.end !== start + size))
    throw new ZipFault('has two records of its end that disagree');
  return checkedPlace(place, at64);
}

/** Where the ZIP64 record of the end is, if there is one. */
function locate64(view: DataView, end: number): number | undefined {
  const locator = end - RECORD_BYTES.locator64;
  if (locator < 0 || view.getUint32(locator, true) !== SIGNATURES.locator64) return undefined;
  const at = u64(view, locator + 8);
  if (at !== locator - RECORD_BYTES.end64 || view.getUint32(at, true) !== SIGNATURES.end64)
    throw new ZipFault('has a ZIP64 record in a wrong place');
  return at;
}

function read64(view: DataView, at: number): DirectoryPlace {
  if (view.getUint32(at + 16, true) !== 0 || view.getUint32(at + 20, true) !== 0)
    throw new ZipFault('is one part of a ZIP file of several');
  const start = u64(view, at + 48);
  return { start, end: start + u64(view, at + 40), count: u64(view, at + 32) };
}

function checkedPlace(place: DirectoryPlace, recordsStart: number): DirectoryPlace {
  if (place.end !== recordsStart || place.start > place.end)
    throw new ZipFault(
      `has its directory at bytes ${place.start} to ${place.end}, but the records after it begin at ${recordsStart}`,
    );
  if (place.count > MAX_ENTRIES) throw new ZipFault(`has ${place.count} entries, more than ${MAX_ENTRIES}`);
  return place;
}

/** Reads the central directory. @throws ZipFault when it is malformed or has a name twice */
export function readDirectory(view: DataView, { start, end, count }: DirectoryPlace): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  const names = new Set<string>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + RECORD_BYTES.central > end || view.getUint32(at, true) !== SIGNATURES.central)
      throw new ZipFault(`has a directory of ${i} entries, not ${count}`);
    const next = at + RECORD_BYTES.central + variableLength(view, at);
    if (next > end) throw new ZipFault(`has a directory that is cut in entry ${i}`);
    const entry = readEntry(view, at);
    if (names.has(entry.name)) throw new ZipFault(`has the entry ${quoted(entry.name)} twice`);
    names.add(entry.name);
    entries.push(entry);
    at = next;
  }
  if (at !== end) throw new ZipFault(`has ${end - at} bytes after the ${count} entries of its directory`);
  return entries;
}

/** Bytes of an entry's name, extra fields and comment. */
function variableLength(view: DataView, at: number): number {
  return view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
}

function readEntry(view: DataView, at: number): DirectoryEntry {
  const nameLength = view.getUint16(at + 28, true);
  const extraStart = at + RECORD_BYTES.central + nameLength;
  const name = readName(view, at + RECORD_BYTES.central, nameLength);
  const wide = zip64Values(view, extraStart, extraStart + view.getUint16(at + 30, true));
  const field = (position: number): number => {
    const value = view.getUint32(at + position, true);
    if (value !== ELSEWHERE_32) return value;
    const elsewhere = wide.shift();
    if (elsewhere === undefined) throw new ZipFault(`lacks the ZIP64 sizes of ${quoted(name)}`);
    return elsewhere;
  };
  // The extra field holds the values that are elsewhere in this order: size, compressed size, offset.
  const size = field(24);
  const compressedSize = field(20);
  const offset = field(42);
  if (view.getUint16(at + 34, true) !== 0) throw new ZipFault('is one part of a ZIP file of several');
  return {
    name,
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    compressedSize,
    size,
    offset,
  };
}

/** The name of an entry, at a place in the file. @throws ZipFault when it is not UTF-8 */
export function readName(view: DataView, at: number, length: number): string {
  try {
    return utf8.decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
  } catch {
    throw new ZipFault(`has the name of an entry at byte ${at} that is not UTF-8`);
  }
}

/** The 64-bit values of the ZIP64 extra field, if there is one. */
function zip64Values(view: DataView, start: number, end: number): number[] {
  for (let at = start; at + 4 <= end; ) {
    const length = view.getUint16(at + 2, true);
    const next = at + 4 + length;
    if (next > end) break;
    if (view.getUint16(at, true) === ZIP64_EXTRA)
      return Array.from({ length: Math.min(3, length >> 3) }, (_, i) => u64(view, at + 4 + 8 * i));
    at = next;
  }
  return [];
}
