/**
 * ZIP files without compression, which is how PyTorch uses them. A small reader and writer of our own:
 * general libraries inflate, guess at damaged directories and let entries overlap, and none aligns
 * entries; here all of that is refused, and an entry is a view of the file.
 *
 * Layout after APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
 */

/** First four bytes of each kind of record. */
export const SIGNATURES = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;

/** Bytes of each kind of record before its parts of variable length. */
export const RECORD_BYTES = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 } as const;

/** Bits of an entry's flags. */
export const FLAGS = { encrypted: 1, sizesFollow: 8, utf8: 0x800 } as const;

/** Identifier of the extra field with 64-bit sizes and offsets. */
export const ZIP64_EXTRA = 1;

/** A 16-bit field with this value has its own in a ZIP64 record. */
export const ELSEWHERE_16 = 0xffff;
/** The same of a 32-bit field. */
export const ELSEWHERE_32 = 0xffffffff;

/** A ZIP file is malformed. The message fits after the file's name. */
export class ZipFault extends Error {
  override readonly name = 'ZipFault';
}
