import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { crc32, crc32c } from '../../src/formats/crc.js';
import { isZip, StoredZip } from '../../src/formats/zip/readZip.js';
import { zipChunks } from '../../src/formats/zip/writeZip.js';
import { joinBytes, latin1Bytes, littleEndian } from './support/bytes.js';

it('checksums', () => {
  assert.equal(crc32(latin1Bytes('123456789')), 0xcbf43926);
  assert.equal(crc32c(latin1Bytes('123456789')), 0xe3069283);
  assert.equal(crc32(new Uint8Array(0)), 0);
});

const contents: [string, Uint8Array][] = [
  ['é/a', latin1Bytes('hello')],
  ['b', new Uint8Array(0)],
  ['c', Uint8Array.from({ length: 300 }, (_, i) => i)],
];
const file = joinBytes(zipChunks(contents.map(([name, data]) => ({ name, data }))));

function opened(bytes: Uint8Array): StoredZip {
  return new StoredZip(bytes, 'a.zip');
}

describe('stored ZIP files', () => {
  it('are read as they were written', () => {
    const zip = opened(file);
    assert.ok(isZip(file));
    assert.deepEqual(zip.names, ['é/a', 'b', 'c']);
    for (const [name, data] of contents) assert.deepEqual(zip.read(name), data);
    assert.equal(zip.read('d'), undefined);
  });

  it('have their data at multiples of 64', () => {
    for (const [name] of contents) assert.equal(opened(file).read(name)!.byteOffset % 64, 0);
  });

  it('share the memory of what is written', () => {
    const data = latin1Bytes('x');
    assert.ok(zipChunks([{ name: 'n', data }]).includes(data));
  });

  it('may have a comment at their end', () => {
    const bytes = joinBytes([file, latin1Bytes('note')]);
    bytes.set([4, 0], file.length - 2);
    assert.equal(opened(bytes).names.length, 3);
  });
});

interface Zip64Changes {
  /** Size of the entry in its ZIP64 field. */
  readonly size?: number;
  /** How far the ZIP64 record's place is off. */
  readonly locator?: number;
  readonly count?: number;
  readonly disk?: number;
  /** Number of entries in the record at the end, which otherwise leaves everything to the ZIP64 record. */
  readonly shortCount?: number;
}

/** A file of one entry with ZIP64 records, and sizes after the data, as PyTorch writes it. */
function zip64({ size = 4, locator = 0, count = 1, disk = 0, shortCount }: Zip64Changes = {}): Uint8Array {
  const data = latin1Bytes('data');
  const local = joinBytes([
    littleEndian([0x04034b50, 4], [45, 2], [8, 2], [0, 2], [0, 8], [0, 8], [1, 2], [0, 2]),
    latin1Bytes('n'),
    data,
    littleEndian([0x08074b50, 4], [crc32(data), 4], [4, 8], [4, 8]),
  ]);
  const extra = littleEndian([7, 2], [1, 2], [0, 1], [1, 2], [24, 2], [size, 8], [4, 8], [0, 8]);
  const central = joinBytes([
    littleEndian([0x02014b50, 4], [0, 2], [45, 2], [8, 2], [0, 2], [0, 4], [crc32(data), 4]),
    littleEndian(
      [0xffffffff, 4],
      [0xffffffff, 4],
      [1, 2],
      [extra.length, 2],
      [0, 8],
      [0, 2],
      [0xffffffff, 4],
    ),
    latin1Bytes('n'),
    extra,
  ]);
  const place = local.length + central.length;
  const end: [number, number, number] =
    shortCount === undefined ? [0xffff, 0xffffffff, 0xffffffff] : [shortCount, central.length, local.length];
  return joinBytes([
    local,
    central,
    littleEndian([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [disk, 4], [0, 4], [count, 8], [count, 8]),
    littleEndian([central.length, 8], [local.length, 8]),
    littleEndian([0x07064b50, 4], [0, 4], [place + locator, 8], [1, 4]),
    littleEndian([0x06054b50, 4], [0, 4], [end[0], 2], [end[0], 2], [end[1], 4], [end[2], 4], [0, 2]),
  ]);
}

it('ZIP64 records and sizes after the data', () => {
  for (const bytes of [zip64(), zip64({ shortCount: 1 })])
    assert.deepEqual(opened(bytes).read('n'), latin1Bytes('data'));
});

/** The file with a number in place of another, relative to a signature. */
function patched(signature: string, offset: number, value: number, size: 1 | 2 | 4 = 2): Uint8Array {
  const bytes = file.slice();
  bytes.set(
    littleEndian([value, size]),
    Buffer.from(bytes).lastIndexOf(signature, undefined, 'latin1') + offset,
  );
  return bytes;
}

const CENTRAL = 'PK\x01\x02';
const END = 'PK\x05\x06';
const LOCAL = 'PK\x03\x04';
/** Entry c with another size, in its directory and beside it. */
function resized(size: number): Uint8Array {
  const bytes = file.slice();
  const places: [string, number][] = [
    [CENTRAL, 20],
    [CENTRAL, 24],
    [LOCAL, 18],
    [LOCAL, 22],
  ];
  for (const [signature, offset] of places)
    bytes.set(
      littleEndian([size, 4]),
      Buffer.from(bytes).lastIndexOf(signature, undefined, 'latin1') + offset,
    );
  return bytes;
}

/** The count of entries says 2, and the directory has 3. */
function lastEntryDropped(): Uint8Array {
  const bytes = file.slice();
  bytes.set(littleEndian([2, 2], [2, 2]), bytes.length - 14);
  return bytes;
}

const refused: [string, Uint8Array, RegExp][] = [
  ['no bytes', new Uint8Array(0), /truncated or not a ZIP/],
  ['cut by a byte', file.subarray(0, -1), /truncated or has bytes after its end/],
  ['bytes before', joinBytes([latin1Bytes('x'), file]), /has its directory at bytes/],
  ['bytes after', joinBytes([file, latin1Bytes('x')]), /truncated or has bytes after its end/],
  ['compression', patched(CENTRAL, 10, 8), /compressed entry "c"/],
  ['encryption', patched(CENTRAL, 8, 1), /encrypted entry "c"/],
  ['two sizes', patched(CENTRAL, 20, 5, 4), /compressed entry "c"/],
  ['several parts', patched(END, 4, 1), /one part of a ZIP file/],
  [
    'more entries than there are',
    joinBytes([patched(END, 8, 4).subarray(0, -12), littleEndian([4, 2]), file.subarray(-10)]),
    /directory of 3 entries, not 4/,
  ],
  ['an entry twice', patched(CENTRAL, 46, 'b'.charCodeAt(0), 1), /the entry "b" twice/],
  ['another name beside it', patched(LOCAL, 30, 'x'.charCodeAt(0), 1), /describes "c" differently/],
  ['another size beside it', patched(LOCAL, 18, 5, 4), /describes "c" differently/],
  ['a name that is not UTF-8', patched(CENTRAL, 46, 0xff, 1), /not UTF-8/],
  ['an overlap', patched(CENTRAL, 42, 0, 4), /overlap/],
  ['no entry', patched(CENTRAL, 42, 1000, 4), /beyond its directory|no entry where/],
  ['a size beyond the directory', resized(1000), /"c" beyond its directory/],
  ['a name beyond the directory', patched(CENTRAL, 28, 1000), /directory that is cut/],
  ['ZIP64 sizes that are missing', patched(CENTRAL, 24, 0xffffffff, 4), /lacks the ZIP64 sizes/],
  ['a ZIP64 record that is missing', patched(END, 16, 0xffffffff, 4), /lacks the ZIP64 record/],
  ['a ZIP64 record in a wrong place', zip64({ locator: 1 }), /ZIP64 record in a wrong place/],
  ['a ZIP64 size beyond 2^53', zip64({ size: 2 ** 60 }), /size or offset of 1152921504606846976/],
  ['a ZIP64 file in parts', zip64({ disk: 1 }), /one part of a ZIP file/],
  ['more entries than any model has', zip64({ count: 300_000 }), /300000 entries, more than 200000/],
  ['two ends that disagree', zip64({ shortCount: 2 }), /two records of its end that disagree/],
  ['an entry in another part', patched(CENTRAL, 34, 1), /one part of a ZIP file/],
  ['fewer entries than there are', lastEntryDropped(), /bytes after the 2 entries/],
  ['a ZIP64 size beyond the file', zip64({ size: 2 ** 50 }), /compressed entry/],
];

describe('a ZIP file is refused for', () => {
  for (const [name, bytes, message] of refused) {
    it(name, () =>
      assert.throws(
        () => opened(bytes),
        (error) =>
          error instanceof UserError && error.message.startsWith('a.zip ') && message.test(error.message),
      ),
    );
  }

  it('a wrong checksum, when the entry is read', () => {
    const zip = opened(patched(CENTRAL, 16, 5, 4));
    assert.ok(zip.read('b'));
    assert.throws(() => zip.read('c'), /the checksum of "c" is wrong/);
  });
});
