import { read, write } from 'node:fs';
import { promisify } from 'node:util';
import { UserError } from '../../errors.js';
import type { RgbImage } from '../images/image.js';
import type { StoreHandle } from './imageStore.js';

const readAt = promisify(read);
const writeAt = promisify(write);

/** A decoded image that is kept, wherever its [height, width, 3] bytes are. */
export interface KeptImage {
  readonly width: number;
  readonly height: number;
  /** Its bytes in shared memory, or where they begin in the store's file. */
  readonly at: Uint8Array | number;
}

/** Keeps a decoded image; undefined if there is no room for it. */
export async function keepImage(
  store: StoreHandle,
  { data, width, height }: RgbImage,
): Promise<KeptImage | undefined> {
  const offset = takeRoom(store, data.length);
  if (offset === undefined) return undefined;
  const at = await keptBytes(store, data, offset);
  if (at === undefined) return undefined;
  Atomics.add(store.taken, 2, BigInt(data.length));
  return { width, height, at };
}

/** Where an image's bytes are now; undefined where the disk has no room for them. */
async function keptBytes(
  store: StoreHandle,
  data: Uint8Array,
  offset: number,
): Promise<KeptImage['at'] | undefined> {
  if (store.file !== undefined)
    return (await isWritten(store, store.file, data, offset)) ? offset : undefined;
  const at = new Uint8Array(new SharedArrayBuffer(data.length));
  at.set(data);
  return at;
}

/**
 * A kept image. Its bytes are not to be changed: others may read them.
 *
 * @throws UserError when the file on disk cannot be read
 */
export async function recallImage(
  { file }: StoreHandle,
  { width, height, at }: KeptImage,
): Promise<RgbImage> {
  if (typeof at !== 'number') return { data: at, width, height };
  const data = new Uint8Array(3 * width * height);
  const { bytesRead } = await readAt(file!, data, 0, data.length, at);
  if (bytesRead !== data.length) throw new UserError('the file of decoded images cannot be read');
  return { data, width, height };
}

/** Takes room for an image; undefined if there is too little. Several workers may ask at once. */
function takeRoom({ taken, most }: StoreHandle, length: number): number | undefined {
  for (;;) {
    const before = Atomics.load(taken, 0);
    if (Number(before) + length > most) {
      Atomics.store(taken, 1, 1n);
      return undefined;
    }
    if (Atomics.compareExchange(taken, 0, before, before + BigInt(length)) === before) return Number(before);
  }
}

/** Writes an image to the file. Where the disk is full the room that is left is given up: images are decoded, as without a store. */
async function isWritten(
  { taken, most }: StoreHandle,
  file: number,
  data: Uint8Array,
  offset: number,
): Promise<boolean> {
  const written = await writeAt(file, data, 0, data.length, offset).then(
    ({ bytesWritten }) => bytesWritten,
    () => 0,
  );
  if (written === data.length) return true;
  Atomics.store(taken, 0, BigInt(most));
  Atomics.store(taken, 1, 1n);
  return false;
}
