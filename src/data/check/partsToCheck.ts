import { join } from 'node:path';
import type { ImageSource } from '../dataset.js';
import { type Exclusions, readExclusions } from '../folders/exclusions.js';
import { classFolders, looseIn, orderNotes, refuseSameNames } from '../folders/imageFolder.js';
import { unmatchedNotes } from '../folders/imageFolderPair.js';
import { findLayout } from '../folders/layout.js';
import type { LeftOut } from '../folders/leftOut.js';
import { PART_NAMES, type PartName } from '../folders/partNames.js';
import type { RemoteOptions } from '../webdataset/openShards.js';
import type { BadSample } from '../webdataset/shardIndex.js';
import { findShardParts, isWebDataset } from '../webdataset/shards.js';
import { webDataset } from '../webdataset/webDataset.js';

/** A part of a data set to check. */
export interface PartToCheck {
  readonly part: PartName;
  /** Its folder, or the path or pattern of its archives. */
  readonly folder: string;
  /** Names of its classes, also of those without images. */
  readonly classes: readonly string[];
  readonly images: readonly { readonly source: ImageSource; readonly class: string }[];
  /** Images of unsupported formats. */
  readonly foreign: readonly { readonly path: string; readonly format: string }[];
  /** Samples of archives without an image or a label, and damaged archives. */
  readonly broken: readonly BadSample[];
}

/** The parts of a data set to check, and what was left out. */
export interface SetToCheck {
  readonly isArchives: boolean;
  /** The training part first. */
  readonly parts: readonly PartToCheck[];
  /** Folder that image paths are relative to in the split of a data set without parts. */
  readonly root: string;
  /** Folders that entries of an exclusion list may be relative to; none for archives. */
  readonly folders: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

/**
 * Lists the images of a data set without rejecting what training would reject.
 *
 * @throws UserError when the layout is not clear, or a folder or archive cannot be read
 */
export async function setToCheck(
  place: string,
  excludeList: string | undefined,
  remote: RemoteOptions,
): Promise<SetToCheck> {
  return isWebDataset(place) ? ofArchives(place, remote) : ofFolders(place, excludeList);
}

async function ofArchives(place: string, remote: RemoteOptions): Promise<SetToCheck> {
  const { root, parts, beside } = findShardParts(place);
  const shards = { train: parts.all ?? parts.train, val: parts.val, test: parts.test };
  const found: PartToCheck[] = [];
  for (const part of PART_NAMES) {
    const folder = parts.all ? place : `${place} ${part}`;
    if (shards[part]) found.push(await partOfArchives(part, folder, shards[part], remote));
  }
  return {
    isArchives: true,
    root,
    folders: [],
    parts: found,
    leftOut: beside.map((path) => ({ path, reason: 'beside' })),
    notes: [],
  };
}

async function partOfArchives(
  part: PartName,
  folder: string,
  shards: readonly string[],
  remote: RemoteOptions,
): Promise<PartToCheck> {
  const broken: BadSample[] = [];
  const onBad = (bad: BadSample): number => broken.push(bad);
  const { classes, labels, count, source } = await webDataset(shards, { onBad, remote });
  const images = Array.from({ length: count }, (_, i) => ({
    source: source(i),
    class: classes[labels[i]!]!,
  }));
  return { part, folder, classes, images, foreign: [], broken };
}

function ofFolders(place: string, excludeList: string | undefined): SetToCheck {
  const layout = findLayout(place);
  const { root, train, val, test } = layout;
  const folders = [place, root, train, val, test].filter((folder) => folder !== undefined);
  const exclusions = excludeList === undefined ? undefined : readExclusions(excludeList, folders);
  const found = PART_NAMES.flatMap((part) => {
    const folder = { train, val, test }[part];
    return folder === undefined ? [] : [partOfFolder(part, folder, exclusions)];
  });
  return {
    isArchives: false,
    root: train,
    folders,
    parts: found.map(({ checked }) => checked),
    leftOut: [...layout.leftOut, ...found.flatMap(({ leftOut }) => leftOut)],
    notes: [...layout.notes, ...found.flatMap(({ notes }) => notes), ...unmatchedNotes(exclusions)],
  };
}

interface FolderToCheck {
  readonly checked: PartToCheck;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

function partOfFolder(part: PartName, folder: string, exclusions: Exclusions | undefined): FolderToCheck {
  const classes = classFolders(folder);
  const excluded: LeftOut[] = [];
  const kept = ({ path }: { readonly path: string }): boolean => {
    if (!exclusions?.has(path)) return true;
    excluded.push({ path, reason: 'excluded' });
    return false;
  };
  const checked = {
    part,
    folder: join(folder),
    classes: classes.map(({ name }) => name),
    images: classes.flatMap(({ name, files }) =>
      files.images
        .map((path) => ({ path }))
        .filter(kept)
        .map((source) => ({ source, class: name })),
    ),
    foreign: classes.flatMap(({ files }) => files.foreign.filter(kept)),
    broken: [],
  };
  refuseSameNames(checked.images.map(({ source }) => source.path));
  return {
    checked,
    leftOut: [...looseIn(folder), ...classes.flatMap(({ files }) => files.leftOut), ...excluded],
    notes: part === 'train' ? orderNotes(classes) : [],
  };
}
