import { gunzipSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

const PIXELS = 3 * 32 * 32;

/** Bytes of CIFAR's binary layout: image i has the given label bytes, and 10·i + channel everywhere. */
export function binaryRecords(labels: readonly (readonly number[])[]): Uint8Array {
  const records = labels.map((bytes, i) => {
    const pixels = Uint8Array.from({ length: PIXELS }, (_, at) => 10 * i + Math.floor(at / 1024));
    return Buffer.concat([Uint8Array.from(bytes), pixels]);
  });
  return new Uint8Array(Buffer.concat(records));
}

/** A .tar with the given files. */
export async function tar(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name }, Buffer.from(bytes));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A .tar.gz with the given files. */
export async function tarball(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  return gzipSync(await tar(files));
}

/**
 * What NumPy pickled, with protocol 2: two images of CIFAR-100's Python layout, of the classes 3 and 99;
 * the first is 7 everywhere, the second 1, 2 and 3 in its channels.
 */
export const PYTHON_CIFAR100 = new Uint8Array(
  gunzipSync(
    Buffer.from(
      'H4sIAATeA2sC/+3MyW7CMBQFUCdhKAE6D3RcZxWJ36hVFll5g5DjuAUpONzEWSAVqZtC+eo2DVV/Iu8s7Cdfv/vhbsAC0WKMJdJKOMqUy9U6VFmuw2WZ2oXMc7n2Z7lWmSlsXirrwz388k1ySOFx9omWmqks0arwtfkdfLSFUxXH6IhOdafSLswY3S2OIvR28CP0A+5w94UNthj8dSZ2vapWh8KtVsoxjvdfO5xEOA24V9e942wymTx/V+qDM4vzeD9vCzZirEsIIYQQQghpDIcQ0lguIaSxPEJIY+Fi3t3iMsKVxXUs+oyx14XRs1TGOi1wM8Uo4B5XWgyrSGUyL/7D2ynuAs64o0Wv3ku1kUtd4H6Kh0C0qzcZrswbHus5rucnXYY/ryvNQkYZAAA=',
      'base64',
    ),
  ),
);
