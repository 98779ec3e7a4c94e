import { relative } from 'node:path';
import { someItems } from '../../formats/someItems.js';
import type { ImageDataset } from '../dataset.js';
import { describeLeftOut, type LeftOut } from '../folders/leftOut.js';
import type { PartName } from '../folders/partNames.js';
import type { Fold } from '../folders/splits.js';

/** Summary of a search for images. */
export interface DataSummary {
  /** The path or pattern that was given. */
  readonly place: string;
  readonly classes: number;
  readonly parts: readonly PartSummary[];
  /** How images were held out, if the data has no part for that. */
  readonly heldOut?:
    | { readonly share: number; readonly seed: number; readonly fold?: Fold | undefined }
    | undefined;
  /** Further notices, such as classes without images in a part. */
  readonly notes: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** A part of a data set. */
export interface PartSummary {
  readonly part: PartName;
  readonly images: number;
  /** Its folder or first archive; undefined if it was held out of another part, or is the whole data set. */
  readonly from?: string | undefined;
}

const USES: Readonly<Record<PartName, string>> = {
  train: 'to train on',
  val: 'for validation',
  test: 'for testing at the end',
};

/** Notices about classes without images in a part. */
export function missingClasses(dataset: ImageDataset, part: PartName): string[] {
  const present = new Set(dataset.labels);
  const missing = dataset.classes.filter((_, label) => !present.has(label));
  if (missing.length === 0) return [];
  const names = someItems(missing, 5);
  const which =
    missing.length === 1 ? `class ${names[0]} has` : `${missing.length} classes (${names.join(', ')}) have`;
  return [`${which} no images ${USES[part]}`];
}

function heldText({ share, fold }: NonNullable<DataSummary['heldOut']>): string {
  return fold ? `fold ${fold.index + 1} of ${fold.of}` : `a share of ${share}`;
}

/** A human-readable summary of the data, one sentence per line. */
export function summaryLines({ place, classes, parts, heldOut, notes, leftOut }: DataSummary): string[] {
  const inside = (path: string): string => {
    const short = relative(place, path);
    return short === '' || short.startsWith('..') ? path : short;
  };
  const counts = parts.map(({ part, images, from }) => {
    const where = from === undefined ? '' : ` (${inside(from)})`;
    return `${images.toLocaleString('en-US')} ${images === 1 ? 'image' : 'images'} ${USES[part]}${where}`;
  });
  const split = heldOut ? [`held out for validation: ${heldText(heldOut)}, split seed ${heldOut.seed}`] : [];
  const aside = describeLeftOut(leftOut, inside);
  return [
    `${place}: ${classes} ${classes === 1 ? 'class' : 'classes'}; ${counts.join(', ')}`,
    ...split,
    ...(aside.length > 0 ? [`left out: ${aside.join(', ')}`] : []),
    ...notes,
  ];
}
