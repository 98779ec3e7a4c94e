import { UserError } from '../../errors.js';
import type { Reading } from '../remote/byteRange.js';

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

/** What extended headers say of the next file. */
interface Extension {
  readonly name?: string | undefined;
  readonly length?: number | undefined;
}

/**
 * Reads the headers of an uncompressed .tar: contents are skipped, so that an archive of gigabytes takes milliseconds.
 * Understands ustar, GNU's long names and sizes, and pax's `path` and `size`.
 *
 * @param path for messages
 * @param size bytes of the archive
 * @param visit takes each file in the archive's order, and may read it
 * @throws UserError when the archive is truncated or is not a .tar
 */
export function* readTar(
  path: string,
  size: number,
  visit: (member: TarMember) => Reading<void>,
): Reading<void> {
  let extension: Extension = {};
  for (let at = 0; ; ) {
    const header = yield* headerAt(at, path, size);
    if (!header) return;
    const type = String.fromCharCode(header[156]!);
    const length = extension.length ?? readNumber(header.subarray(124, 136));
    const offset = at + BLOCK;
    if (!(length >= 0 && offset + length <= size))
      throw new UserError(`${path} is truncated: a file in it goes beyond its ${size} bytes`);
    if (type === 'L') extension = { ...extension, name: text(yield* extended(path, offset, length)) };
    else if (type === 'x')
      extension = { ...extension, ...paxExtension(yield* extended(path, offset, length)) };
    else if (type !== 'g') {
      const name = extension.name ?? headerName(header);
      if (type === '0' || type === '\0') yield* visit({ name, offset, length });
      extension = {};
    }
    at = offset + Math.ceil(length / BLOCK) * BLOCK;
  }
}

/** The header at a position; undefined at the end, which is a block of zeros or the end of the file. */
function* headerAt(at: number, path: string, size: number): Reading<Buffer | undefined> {
  if (at === size && at > 0) return undefined;
  const header = at + BLOCK <= size ? Buffer.from(yield { offset: at, length: BLOCK }) : undefined;
  if (header?.length !== BLOCK)
    throw new UserError(`${path} is truncated or not a .tar: it ends within a header, at byte ${size}`);
  if (header.every((byte) => byte === 0)) return undefined;
  // The checksum is the sum of the header's bytes, its own taken as spaces.
  const own = header.subarray(148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0) - own.reduce((a, b) => a + b, 0);
  if (readNumber(own) !== sum + 8 * 32)
    throw new UserError(
      `${path} is not a .tar: expected a header at byte ${at} (archives must not be compressed)`,
    );
  return header;
}

function* extended(path: string, offset: number, length: number): Reading<Buffer> {
  if (length > LARGEST_EXTENSION)
    throw new UserError(`${path} has an extended header of ${length} bytes, which is too long`);
  return Buffer.from(yield { offset, length });
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
