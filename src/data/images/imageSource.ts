import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { ImageError, UserError } from '../../errors.js';
import type { ImageSource } from '../dataset.js';
import { readRange } from '../remote/readRange.js';
import { plainPath } from '../remote/url.js';
import { unreadable } from '../unreadable.js';

/** Most bytes of an encoded image. */
const LARGEST_IMAGE = 256 * 2 ** 20;

/** An image's encoded bytes, and its name for messages. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** An image's name in messages: its path, or its name in an archive. */
export function sourceName({ path, member }: ImageSource): string {
  return member ? `${member.name} in ${plainPath(path)}` : path;
}

/**
 * Reads the encoded bytes of an image.
 *
 * @throws ImageError when the file cannot be read, ends too early, or has more than 256 MiB
 * @throws UserError when its server does not answer, or it has changed there
 */
export async function readImageSource(source: ImageSource): Promise<EncodedImage> {
  const name = sourceName(source);
  const { path: url, member, remote } = source;
  if (remote && member) {
    expectSize(name, member.length);
    const { offset, length } = member;
    const { bytes } = await readRange({ url, offset, length, version: remote.version });
    return { bytes, name };
  }
  try {
    return { bytes: await readFilePart(source, name), name };
  } catch (error) {
    throw readingError(error, name);
  }
}

/**
 * As {@link readImageSource} on the calling thread, which waits: less work than asking others.
 *
 * @param source an image in a file of this machine
 * @param room gives memory of so many bytes for what is read
 */
export function readImageFile(source: ImageSource, room: (length: number) => Uint8Array): EncodedImage {
  const name = sourceName(source);
  const { path, member } = source;
  try {
    const file = openSync(path, 'r');
    try {
      const length = member?.length ?? fstatSync(file).size;
      expectSize(name, length);
      const bytes = room(length);
      expectWhole(name, length, readSync(file, bytes, 0, length, member?.offset ?? 0));
      return { bytes, name };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw readingError(error, name);
  }
}

function readingError(error: unknown, name: string): UserError {
  return error instanceof UserError ? error : new ImageError(unreadable(name, error).message);
}

async function readFilePart({ path, member }: ImageSource, name: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const length = member?.length ?? (await file.stat()).size;
    expectSize(name, length);
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, member?.offset ?? 0);
    expectWhole(name, length, bytesRead);
    return bytes;
  } finally {
    await file.close();
  }
}

function expectSize(name: string, length: number): void {
  if (length > LARGEST_IMAGE)
    throw new ImageError(`${name} has ${length} bytes, but an image may have ${LARGEST_IMAGE}`);
}

function expectWhole(name: string, length: number, bytesRead: number): void {
  if (bytesRead < length)
    throw new ImageError(`${name} is truncated: ${bytesRead} of its ${length} bytes are there`);
}
