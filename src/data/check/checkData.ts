import { relative, sep } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import type { ImageSource } from '../dataset.js';
import { describeLeftOut } from '../folders/leftOut.js';
import { imageKey, isHeldOut } from '../folders/splits.js';
import { plainPath } from '../remote/url.js';
import type { RemoteOptions } from '../webdataset/openShards.js';
import { classFindings } from './classes.js';
import { type Duplicate, findDuplicates, type SeenImage } from './duplicates.js';
import { type Look, lookAtImage } from './lookAtImage.js';
import { type PartToCheck, type SetToCheck, setToCheck } from './partsToCheck.js';
import type { DataReport } from './report.js';

/** What {@link checkData} found. */
export interface DataCheck {
  readonly parts: readonly DataReport[];
  /** What would stop training, a sentence each, besides the files named in the parts. */
  readonly stops: readonly string[];
  /** What would harm training or make its accuracy wrong, a sentence each. */
  readonly warnings: readonly string[];
  /** What else was found, such as files that are not images. */
  readonly notes: readonly string[];
  /** Unusable files: training runs if they are on its exclusion list. */
  readonly unusable: readonly string[];
  /** Whether the data is in archives, from which nothing can be left out. */
  readonly isArchives: boolean;
}

/** Options of {@link checkData}. */
export interface CheckDataOptions {
  /** Called after each file. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Files decoded at a time. Default 4. */
  readonly atOnce?: number | undefined;
  /** An exclusion list: files that are left out. */
  readonly excludeList?: string | undefined;
  /** Share that is held out of a set without parts. Default 0.2. */
  readonly valShare?: number | undefined;
  /** Decides what is held out. Default 0. */
  readonly splitSeed?: number | undefined;
  /** How archives at URLs are read. */
  readonly remote?: RemoteOptions | undefined;
}

/** An image with its properties. */
interface LookedAt {
  readonly part: PartToCheck;
  readonly source: ImageSource;
  readonly class: string;
  readonly key: string;
  readonly look: Look;
}

/**
 * Decodes every image of a folder in ImageFolder's layout or of archives, of all parts, and reports what would stop
 * or harm training.
 *
 * @throws UserError when the layout is not clear, or a folder cannot be read
 */
export async function checkData(place: string, options: CheckDataOptions = {}): Promise<DataCheck> {
  const set = await setToCheck(place, options.excludeList, options.remote ?? {});
  const nameOf = (path: string): string => relative(place, plainPath(path)).split(sep).join('/') || path;
  const looks = await lookAtAll(set, place, options);
  const parts = set.parts.map((part) => reportOf(part, looks, nameOf));
  const seen = looks.flatMap((image) => seenImage(image, set, options));
  const isSplit = set.parts.length === 1;
  const { stops, warnings } = classFindings(parts, seen, { isSplit, isNumbered: set.isArchives });
  const aside = describeLeftOut(set.leftOut, nameOf);
  return {
    isArchives: set.isArchives,
    parts,
    stops,
    warnings: [...warnings, ...clippedFindings(looks), ...duplicateFindings(seen)],
    notes: [...set.notes, ...(aside.length > 0 ? [`left out: ${aside.join(', ')}`] : [])],
    unusable: parts.flatMap(({ empty, unreadable, foreign }) => [
      ...empty,
      ...[...unreadable, ...foreign].map(({ path }) => path),
    ]),
  };
}

async function lookAtAll(
  set: SetToCheck,
  place: string,
  { atOnce = 4, onProgress }: CheckDataOptions,
): Promise<LookedAt[]> {
  const images = set.parts.flatMap((part) => part.images.map((image) => ({ ...image, part })));
  const looks: LookedAt[] = new Array(images.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < images.length; i = next++) {
      const image = images[i]!;
      const key = imageKey(image.source, place);
      looks[i] = { ...image, key, look: await lookAtImage(image.source, key) };
      onProgress?.(++done, images.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return looks;
}

function reportOf(
  part: PartToCheck,
  looks: readonly LookedAt[],
  nameOf: (path: string) => string,
): DataReport {
  const own = looks.filter((image) => image.part === part);
  const counts = new Map(part.classes.map((name) => [name, 0]));
  for (const { look, class: name } of own)
    if ('digest' in look) counts.set(name, (counts.get(name) ?? 0) + 1);
  const bad = own.flatMap(({ key: path, look }) => ('problem' in look ? [{ path, ...look }] : []));
  return {
    part: part.part,
    folder: part.folder,
    classes: [...counts]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => byCodePoint(a.name, b.name)),
    empty: bad.filter(({ problem }) => problem === 'empty').map(({ path }) => path),
    unreadable: [
      ...part.broken.map(({ path, reason }) => ({ path: nameOf(path), reason })),
      ...bad.filter(({ problem }) => problem === 'unreadable').map(({ path, reason }) => ({ path, reason })),
    ],
    foreign: part.foreign.map(({ path, format }) => ({ path: nameOf(path), format })),
  };
}

/** An image that could be read, in the part that training would have it in. */
function seenImage(
  { key, look, class: name, part, source }: LookedAt,
  { parts, root }: SetToCheck,
  { valShare = 0.2, splitSeed = 0 }: CheckDataOptions,
): SeenImage[] {
  if ('problem' in look) return [];
  const isHeld = parts.length === 1 && isHeldOut(imageKey(source, root), valShare, splitSeed);
  return [{ ...look, key, class: name, part: isHeld ? 'val' : part.part }];
}

function clippedFindings(looks: readonly LookedAt[]): string[] {
  const clipped = looks.filter(({ look }) => 'digest' in look && look.isClipped);
  if (clipped.length === 0) return [];
  const which =
    clipped.length === 1 ? '1 image of 16-bit grey is' : `${clipped.length} images of 16-bit grey are`;
  return [`${which} clipped to white (as in Pillow), such as ${clipped[0]!.key}: convert them to 8 bits`];
}

function duplicateFindings(seen: readonly SeenImage[]): string[] {
  const { acrossParts, acrossClasses, alike } = findDuplicates(seen);
  const report = (those: readonly Duplicate[], one: string, several: string): string[] => {
    const [first] = those;
    if (!first) return [];
    const which =
      those.length === 1 ? `1 image ${one}` : `${those.length.toLocaleString('en-US')} images ${several}`;
    return [`${which}, such as ${first.second} and ${first.first}`];
  };
  const inflated = 'in two parts, which makes the measured accuracy too high';
  const outside = 'outside the training part';
  return [
    ...report(acrossParts, `is ${inflated}`, `are ${inflated}`),
    ...report(acrossClasses, 'is in two classes', 'are in two classes'),
    ...report(alike, `${outside} looks like a training image`, `${outside} look like training images`),
  ];
}
