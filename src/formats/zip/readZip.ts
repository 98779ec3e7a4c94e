import { errorMessage, UserError } from '../../errors.js';
import { crc32 } from '../crc.js';
import { quoted } from '../quote.js';
import { bytesOf } from '../tensor.js';
import { type DirectoryEntry, locateDirectory, readDirectory, readName } from './directory.js';
import { FLAGS, RECORD_BYTES, SIGNATURES, ZipFault } from './layout.js';

/** Whether a file starts like a ZIP file. */
export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === SIGNATURES.local
  );
}

/**
 * Names of a ZIP file's entries, which may be compressed, in the order of the directory.
 *
 * @param fileName for messages
 * @throws UserError when the file is truncated, or has no directory that can be read
 */
export function zipNames(bytes: Uint8Array, fileName: string): string[] {
  try {
    return directoryOf(bytesOf(bytes)).entries.map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof ZipFault)) throw error;
    throw new UserError(`${fileName} ${errorMessage(error)}`);
  }
}

/** A ZIP file whose entries are stored without compression. */
export class StoredZip {
  private readonly entries: ReadonlyMap<string, { readonly data: Uint8Array; readonly crc: number }>;
  /** PyTorch's `set_crc32_options(False)` writes 0 in place of all of them. */
  private readonly hasChecksums: boolean;

  /**
   * Reads the directory, and checks that entries are stored, lie within the file and do not overlap.
   *
   * @param fileName for messages
   * @throws UserError when the file is not such
   */
  constructor(
    bytes: Uint8Array,
    private readonly fileName: string,
  ) {
    try {
      this.entries = readEntries(bytesOf(bytes));
      this.hasChecksums = [...this.entries.values()].some(({ crc }) => crc !== 0);
    } catch (error) {
      if (!(error instanceof ZipFault)) throw error;
      throw new UserError(`${fileName} ${errorMessage(error)}`);
    }
  }

  /** Names of the entries, in the order of the directory. */
  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /**
   * An entry's bytes, a view of the file, with their checksum verified if the file has any; undefined where there is none.
   *
   * @throws UserError when the checksum is wrong
   */
  read(name: string): Uint8Array | undefined {
    const entry = this.entries.get(name);
    if (entry && this.hasChecksums && crc32(entry.data) !== entry.crc)
      throw new UserError(`${this.fileName} is damaged: the checksum of ${quoted(name)} is wrong`);
    return entry?.data;
  }
}

function directoryOf(bytes: Uint8Array): { view: DataView; start: number; entries: DirectoryEntry[] } {
  if (bytes.length < RECORD_BYTES.end) throw new ZipFault('is truncated or not a ZIP file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const place = locateDirectory(view);
  return { view, start: place.start, entries: readDirectory(view, place) };
}

function readEntries(bytes: Uint8Array): Map<string, { data: Uint8Array; crc: number }> {
  const { view, start: directoryStart, entries: directory } = directoryOf(bytes);
  let free = 0;
  const entries = new Map<string, { data: Uint8Array; crc: number }>();
  for (const entry of directory.toSorted((a, b) => a.offset - b.offset)) {
    if (entry.offset < free) throw new ZipFault(`has entries that overlap at ${quoted(entry.name)}`);
    const start = dataStart(view, entry, directoryStart);
    free = start + entry.size;
    if (free > directoryStart) throw new ZipFault(`has the entry ${quoted(entry.name)} beyond its directory`);
    entries.set(entry.name, { data: bytes.subarray(start, free), crc: entry.crc });
  }
  return new Map(directory.map(({ name }) => [name, entries.get(name)!]));
}

/** Where an entry's bytes begin; its local header must agree with the directory. */
function dataStart(view: DataView, entry: DirectoryEntry, limit: number): number {
  const { name, offset, flags, method, size, compressedSize } = entry;
  const label = quoted(name);
  if (flags & FLAGS.encrypted) throw new ZipFault(`has the encrypted entry ${label}`);
  if (method !== 0 || size !== compressedSize)
    throw new ZipFault(`has the compressed entry ${label}, but only stored ones can be read`);
  if (offset + RECORD_BYTES.local > limit || view.getUint32(offset, true) !== SIGNATURES.local)
    throw new ZipFault(`has no entry where its directory places ${label}`);
  const nameLength = view.getUint16(offset + 26, true);
  const start = offset + RECORD_BYTES.local + nameLength + view.getUint16(offset + 28, true);
  if (start > limit) throw new ZipFault(`has the entry ${label} beyond its directory`);
  const agrees =
    readName(view, offset + RECORD_BYTES.local, nameLength) === name &&
    view.getUint16(offset + 8, true) === method &&
    [18, 22].every((at) => sizeAgrees(view.getUint32(offset + at, true), entry));
  if (!agrees) throw new ZipFault(`describes ${label} differently in its directory and in the local header`);
  return start;
}

/** A local header may leave sizes to the record after the data, or to its ZIP64 field. */
function sizeAgrees(value: number, { flags, size }: DirectoryEntry): boolean {
  return value === size || value === 0xffffffff || (value === 0 && (flags & FLAGS.sizesFollow) !== 0);
}
