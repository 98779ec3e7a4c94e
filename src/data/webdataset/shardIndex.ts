import { basename } from 'node:path';
import { UserError } from '../../errors.js';
import { isImageName } from '../folders/imageFiles.js';
import { isSystemName } from '../folders/systemFiles.js';
import { contentHash, contentPieces } from '../parts/contentHash.js';
import type { Reading } from '../remote/byteRange.js';
import type { FileVersion } from '../remote/fileVersion.js';
import { plainPath } from '../remote/url.js';
import { readTar, type TarMember } from './tarIndex.js';

/** What of an archive cannot be used. */
export interface BadSample {
  /** `shard.tar/key`, or the archive's own path where that is damaged. */
  readonly path: string;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** An image in an archive with its class. Where samples have the same name, the second image's has ` (2)` added to its own. */
export interface ShardSample extends TarMember {
  readonly label: number;
  /** See contentHash; empty where it was not asked for. */
  readonly hash: string;
}

/** What an archive holds. */
export interface ShardIndex {
  /** In the archive's order. */
  readonly samples: readonly ShardSample[];
  readonly bad: readonly BadSample[];
}

/** What an archive at a URL holds. */
export interface RemoteShard extends ShardIndex {
  readonly version: FileVersion;
}

/** The files of a sample, which share their name up to the first dot. */
interface Sample {
  readonly key: string;
  /** 1, or more where samples of the archive have the same name. */
  readonly turn: number;
  image?: TarMember;
  /** An image that might be meant as well. */
  rival?: TarMember;
  hash?: string;
  label?: { readonly name: string; readonly text: string };
}

/** Samples as they are found: all of them in the archive's order, and the last one of each name. */
interface Found {
  readonly all: Sample[];
  readonly latest: Map<string, Sample>;
}

/** More classes than anyone has; a larger label is a mistake. */
const MOST_CLASSES = 1_000_000;
const LARGEST_LABEL_FILE = 1 << 20;

/**
 * Reads the samples of an archive: headers and labels, and no more of images than their hashes need.
 *
 * @param path for messages
 * @param size bytes of the archive
 * @param isHashed whether images are hashed, which reads pieces of them
 */
export function* indexShard(path: string, size: number, isHashed: boolean): Reading<ShardIndex> {
  const samples: Found = { all: [], latest: new Map() };
  const name = plainPath(path);
  try {
    yield* readTar(name, size, (member) => addMember(samples, member, isHashed));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { samples: [], bad: [{ path: name, reason: error.message }] };
  }
  const whole: ShardSample[] = [];
  const bad: BadSample[] = [];
  for (const sample of samples.all) {
    const found = wholeSample(sample, name);
    if (typeof found === 'string') bad.push({ path: `${name}/${sample.key}`, reason: found });
    else whole.push(found);
  }
  return { samples: whole, bad };
}

function* addMember(samples: Found, member: TarMember, isHashed: boolean): Reading<void> {
  const { name, offset, length } = member;
  const start = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', start);
  const folders = name.slice(0, start).split('/');
  if (dot < 0 || dot === start || folders.some((folder) => folder !== '.' && isSystemName(folder))) return;
  const sample = sampleOf(samples, name.slice(0, dot), name);
  const extension = name.slice(dot + 1).toLowerCase();
  if (isImageName(name)) {
    if (isPreferred(sample, member) && isHashed) sample.hash = yield* hashOf(member);
  } else if (extension === 'cls' || (extension === 'json' && !sample.label)) {
    const bytes = Buffer.from(yield { offset, length: Math.min(length, LARGEST_LABEL_FILE) });
    sample.label = { name, text: bytes.toString('utf8').trim() };
  }
}

/** The sample that a file belongs to: a new one where the last of its name has this file already, as in archives that were joined. */
function sampleOf({ all, latest }: Found, key: string, name: string): Sample {
  const last = latest.get(key);
  if (last && ![last.image, last.rival, last.label].some((file) => file?.name === name)) return last;
  const sample: Sample = { key, turn: (last?.turn ?? 0) + 1 };
  all.push(sample);
  latest.set(key, sample);
  return sample;
}

/**
 * Takes an image as its sample's if it is the likelier one: `0001.jpg` is the photograph, `0001.seg.png` a mask or depth map
 * that belongs to it. Two of the same kind are rivals.
 *
 * @returns whether it was taken
 */
function isPreferred(sample: Sample, image: TarMember): boolean {
  const isPlain = ({ name }: TarMember): boolean => name.lastIndexOf('.') === sample.key.length;
  if (sample.image && isPlain(image) === isPlain(sample.image)) sample.rival = image;
  if (sample.image && (isPlain(sample.image) || !isPlain(image))) return false;
  sample.image = image;
  delete sample.rival;
  return true;
}

function* hashOf({ offset, length }: TarMember): Reading<string> {
  const pieces: Buffer[] = [];
  for (const piece of contentPieces(length))
    pieces.push(Buffer.from(yield { offset: offset + piece.offset, length: piece.length }));
  return contentHash(pieces);
}

/** A sample's image and class, or why it is not whole. */
function wholeSample(
  { key, turn, image, rival, hash = '', label }: Sample,
  path: string,
): ShardSample | string {
  const which = turn === 1 ? key : `${key}, which is there ${turn} times,`;
  if (!image) return `${which} in ${path} has no image: expected .jpg, .png, .webp, .gif or .tif`;
  if (rival)
    return `${key} in ${path} has two images, ${basename(image.name)} and ${basename(rival.name)}: expected one, others with a word before their extension (${basename(key)}.mask.png)`;
  if (!label) return `${which} in ${path} has no label: expected .cls or .json`;
  const { name, text } = label;
  const number = /json$/i.test(name) ? jsonLabel(text) : /^\d+$/.test(text) ? Number(text) : undefined;
  if (number === undefined || !Number.isInteger(number) || number < 0 || number >= MOST_CLASSES)
    return `${name} in ${path} is not a label: expected a class number, found "${text.slice(0, 40)}"`;
  return { ...image, name: repeatedName(image.name, turn), label: number, hash };
}

/** A name of its own for the image of a sample whose name others have: `0001.jpg`, `0001.jpg (2)`. */
function repeatedName(name: string, turn: number): string {
  return turn === 1 ? name : `${name} (${turn})`;
}

/** The name that an image of {@link indexShard} has in its archive. */
export function nameInArchive(name: string): string {
  return name.replace(/ \(\d+\)$/, '');
}

function jsonLabel(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'number') return value;
    if (typeof value !== 'object' || value === null) return undefined;
    const label = 'label' in value ? value.label : 'cls' in value ? value.cls : undefined;
    return typeof label === 'number' ? label : undefined;
  } catch {
    return undefined;
  }
}
