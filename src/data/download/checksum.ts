import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** `gitBlob` is the SHA-1 by which git names a file: of `blob SIZE`, a zero byte and the contents. */
export type HashAlgorithm = 'md5' | 'sha256' | 'gitBlob';

/** What a file's contents must hash to. */
export interface Checksum {
  readonly algorithm: HashAlgorithm;
  /** In hexadecimal; may be only the first digits, as in the names of torchvision's files. */
  readonly hex: string;
}

const NAMES: Readonly<Record<HashAlgorithm, string>> = {
  md5: 'MD5',
  sha256: 'SHA-256',
  gitBlob: 'git object',
};

/** Digits of a whole hash. */
const DIGITS: Readonly<Record<HashAlgorithm, number>> = { md5: 32, sha256: 64, gitBlob: 40 };

/** `the MD5 0123…`, for messages. */
export function checksumName({ algorithm, hex }: Checksum): string {
  return `${hex.length < DIGITS[algorithm] ? 'a' : 'the'} ${NAMES[algorithm]} ${
    hex.length < DIGITS[algorithm] ? `that starts with ${hex}` : hex
  }`;
}

/** Whether a whole hash is the expected one. */
export function fits(found: string, { hex }: Checksum): boolean {
  return found.startsWith(hex.toLowerCase());
}

/** The hash of a file, in hexadecimal. */
export async function hashOf(path: string, algorithm: HashAlgorithm): Promise<string> {
  const hash = createHash(algorithm === 'gitBlob' ? 'sha1' : algorithm);
  if (algorithm === 'gitBlob') hash.update(`blob ${(await stat(path)).size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
