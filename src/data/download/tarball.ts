import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { errorMessage, UserError } from '../../errors.js';
import { isUint8Array } from '../../realms.js';

/** Members of an archive are not read beyond this many bytes: CIFAR's largest has 154 million. */
const LARGEST_MEMBER = 400_000_000;

/**
 * The members of a .tar or .tar.gz whose base names are wanted.
 *
 * @throws UserError when the archive cannot be read or is truncated
 */
export async function readTarMembers(
  path: string,
  wanted: (baseName: string) => boolean,
): Promise<Map<string, Uint8Array>> {
  const { extract } = await import('tar-stream');
  const members = new Map<string, Uint8Array>();
  const archive = extract();
  const source = createReadStream(path);
  const unpacked = /gz$/i.test(path) ? source.pipe(createGunzip()) : source;
  source.on('error', (error: Error) => archive.destroy(error));
  unpacked.on('error', (error: Error) => archive.destroy(error));
  try {
    for await (const entry of unpacked.pipe(archive)) {
      const baseName = entry.header.name.slice(entry.header.name.lastIndexOf('/') + 1);
      if (entry.header.type !== 'file' || !wanted(baseName)) {
        entry.resume();
        continue;
      }
      members.set(baseName, await collect(entry, entry.header.size ?? 0, path));
    }
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(`${path} is not a complete .tar.gz archive: ${errorMessage(error)}`);
  } finally {
    source.destroy();
  }
  return members;
}

async function collect(entry: AsyncIterable<unknown>, size: number, path: string): Promise<Uint8Array> {
  if (size > LARGEST_MEMBER)
    throw new UserError(`${path} has a member of ${size} bytes, which is not one of the data set's files`);
  const bytes = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of entry) {
    if (!isUint8Array(chunk)) throw new UserError(`${path} has a member that is not data`);
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  if (offset !== size)
    throw new UserError(`${path} is truncated: a member has ${offset} of its ${size} bytes`);
  return bytes;
}
