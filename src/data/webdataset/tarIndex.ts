import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errorMessage, UserError } from '../../errors.js';

/** A file in an archive. */
export interface TarMember {
  readonly name: string;
  /** Offset of its bytes in the archive. */
  readonly offset: number;
  readonly length: number;
}

const BLOCK = 512;
/** Bytes of the longest name or set of attributes that is read. */
const LARGEST_EXTENSION = 1 << 20;

/**
 * The files of an uncompressed .tar, from its headers alone: contents are skipped, so that an archive of
 * gigabytes takes milliseconds. Reads ustar, GNU's long names and sizes, and pax's `path` and `size`.
 *
 * @throws UserError when the archive cannot be read, is truncated or is not a .tar
 */
export function indexTar(path: string): TarMember[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
  try {
    return new TarReader(path, file).members();
  } finally {
    closeSync(file);
  }
}

/** What extended headers say of the next file. */
interface Extension {
  readonly name?: string | undefined;
  readonly length?: number | undefined;
}

class TarReader {
  private readonly size: number;
  private readonly header = Buffer.alloc(BLOCK);

  constructor(
    private readonly path: string,
    private readonly file: number,
  ) {
    this.size = fstatSync(file).size;
  }

  members(): TarMember[] {
    const members: TarMember[] = [];
    let extension: Extension = {};
    for (let at = 0; this.readHeader(at); ) {
      const { header } = this;
      const type = String.fromCharCode(header[156]!);
      const length = extension.length ?? readNumber(header.subarray(124, 136));
      const offset = at + BLOCK;
      if (!(length >= 0 && offset + length <= this.size))
        throw new UserError(`${this.path} is truncated: a file in it goes beyond its ${this.size} bytes`);
      if (type === 'L') extension = { ...extension, name: text(this.content(offset, length)) };
      else if (type === 'x') extension = { ...extension, ...paxExtension(this.content(offset, length)) };
      else if (type !== 'g') {
        const name = extension.name ?? headerName(header);
        if (type === '0' || type === '\0') members.push({ name, offset, length });
        extension = {};
      }
      at = offset + Math.ceil(length / BLOCK) * BLOCK;
    }
    return members;
  }

  /** Reads the header at a position; false at the end, which is a block of zeros or the end of the file. */
  private readHeader(at: number): boolean {
    if (at === this.size && at > 0) return false;
    if (readSync(this.file, this.header, 0, BLOCK, at) < BLOCK)
      throw new UserError(
        `${this.path} is truncated or not a .tar: it ends within a header, at byte ${this.size}`,
      );
    if (this.header.every((byte) => byte === 0)) return false;
    // The checksum is the sum of the header's bytes, its own taken as spaces.
    const own = this.header.subarray(148, 156);
    const sum = this.header.reduce((total, byte) => total + byte, 0) - own.reduce((a, b) => a + b, 0);
    if (readNumber(own) !== sum + 8 * 32)
      throw new UserError(
        `${this.path} is not a .tar: expected a header at byte ${at} (archives must not be compressed)`,
      );
    return true;
  }

  private content(offset: number, length: number): Buffer {
    if (length > LARGEST_EXTENSION)
      throw new UserError(`${this.path} has an extended header of ${length} bytes, which is too long`);
    const bytes = Buffer.alloc(length);
    readSync(this.file, bytes, 0, length, offset);
    return bytes;
  }
}

/** Octal digits, or GNU's big-endian number marked by the highest bit; NaN where it is neither. */
function readNumber(field: Buffer): number {
  if (field[0]! & 0x80)
    return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0]! & 0x7f);
  const digits = text(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

/** Up to the first zero. */
function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function headerName(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of `length key=value\n`. */
function paxExtension(bytes: Buffer): Extension {
  const extension: { name?: string; length?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number.parseInt(bytes.toString('latin1', at, Math.max(space, at)), 10);
    if (!(length > 0) || space < 0) break;
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (record.startsWith('path=')) extension.name = record.slice(equals + 1);
    if (record.startsWith('size=')) extension.length = Number(record.slice(equals + 1));
    at += length;
  }
  return extension;
}
