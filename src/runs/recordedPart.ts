import { type ImageDataset, subset } from '../data/dataset.js';
import type { PartName } from '../data/folders/partNames.js';
import { imageKey } from '../data/folders/splits.js';
import { type ImageParts, partNamed } from '../data/parts/imageParts.js';
import {
  compareInventories,
  describeChanges,
  type ImageRecord,
  partInventory,
} from '../data/parts/inventory.js';
import { UserError } from '../errors.js';

/** Images of a part of a run's data, as far as they are still there. */
export interface RecordedPart {
  readonly dataset: ImageDataset;
  /** A sentence about how the part has changed since; undefined where it has not. */
  readonly changes: string | undefined;
}

/**
 * The images that a run had in a part, wherever a split of the present data would put them: a file that is added or gone may move others
 * to another fold. Images added since are left out.
 *
 * @param records the run's list of images; a list without a test part has what it held out for testing
 * @throws UserError when none of them is left
 */
export function recordedPart(
  images: ImageParts,
  part: PartName,
  records: readonly ImageRecord[],
): RecordedPart {
  const hasFinal = records.some((record) => record.part === 'test');
  const wanted = part === 'test' && !hasFinal ? 'val' : part;
  const before = records.filter((record) => record.part === wanted);
  const present = partNamed(images, part);
  const known = new Map(records.map((record) => [record.key, record.part]));
  const added = chosen(present, (key) => !known.has(key), images.root);
  const dataset = withKeys(images, present, new Set(before.map(({ key }) => key)));
  const { place } = images.summary;
  if (dataset.count === 0)
    throw new UserError(`${place} has none of the images that the run had in its part ${wanted}`);
  const now = [dataset, added].flatMap((set) => partInventory(wanted, set, images.root));
  const changes = describeChanges(compareInventories(before, now));
  const without = added.count > 0 ? '; added images are left out' : '';
  return { dataset, changes: changes && `${place} has changed since the run: ${changes}${without}` };
}

/** The images with these keys: those of the present part first, then those that are elsewhere now. */
function withKeys(images: ImageParts, present: ImageDataset, keys: ReadonlySet<string>): ImageDataset {
  const { train, test, final, root } = images;
  const own = chosen(present, (key) => keys.has(key), root);
  if (own.count === keys.size) return own;
  const others = [train, test, ...(final ? [final] : [])].filter((set) => set !== present);
  return joined([own, ...others.map((set) => chosen(set, (key) => keys.has(key), root))], present.name);
}

function chosen(dataset: ImageDataset, isWanted: (key: string) => boolean, root: string): ImageDataset {
  const all = Uint32Array.from({ length: dataset.count }, (_, i) => i);
  return subset(
    dataset,
    all.filter((i) => isWanted(imageKey(dataset.source(i), root))),
  );
}

/** The images of several sets with the same classes. */
function joined(sets: readonly ImageDataset[], name: string): ImageDataset {
  const places = sets.flatMap((set) => Array.from(set.labels, (_, i) => ({ set, i })));
  return {
    ...sets[0]!,
    name,
    count: places.length,
    labels: Int32Array.from(places, ({ set, i }) => set.labels[i]!),
    source: (index) => {
      const { set, i } = places[index]!;
      return set.source(i);
    },
  };
}
