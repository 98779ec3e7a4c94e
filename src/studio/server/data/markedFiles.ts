import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import {
  type Exclusions,
  exclusionLines,
  pathOfEntry,
  readExclusions,
} from '../../../data/folders/exclusions.js';
import { unmatchedNotes } from '../../../data/folders/imageFolderPair.js';
import { decodeText, linesOf } from '../../../data/folders/textFile.js';
import { UserError } from '../../../errors.js';
import { makeFolder } from '../../../makeFolder.js';
import { writeFileAtomically } from '../../../runs/atomicFile.js';
import type { MarkedImages, MarkRequest } from '../../dataApi.js';
import { fileInside } from '../insideFolder.js';
import type { ImageListing } from './imageListing.js';

/**
 * Lists of images to leave out, one file for each data folder, in the folder of runs: what the setting `exclude` takes. People may edit them, too:
 * comments and lines that name no marked image stay as they are.
 */
export class MarkedFiles {
  private last: Promise<unknown> = Promise.resolve();

  /** @param root the folder of runs */
  constructor(private readonly root: string) {}

  /** The path of a folder's list; undefined before an image was marked. @throws UserError when a link leads out of the folder of runs */
  existing(folder: string): string | undefined {
    return fileInside(this.root, nameOf(folder));
  }

  /** What is on a folder's list. @throws UserError when it cannot be read */
  read(listing: ImageListing): MarkedImages {
    const list = join(this.root, nameOf(listing.folder));
    const exclusions = this.exclusionsOf(listing);
    if (!exclusions) return { list, images: [], notes: [] };
    const images = [...listing.images]
      .filter(({ path }) => exclusions.has(path))
      .map((file) => ({ image: file.image, class: file.class }));
    return { list, images, notes: unmatchedNotes(exclusions) };
  }

  /**
   * Marks images, or takes their marks away. One change is made after the other.
   *
   * @throws UserError when there is no such image, the list cannot be read or written, or an image is on it with its folder
   */
  mark(listing: ImageListing, request: MarkRequest): Promise<MarkedImages> {
    const marked = this.last.then(async () => {
      const change = request.isMarked ? this.added(listing, request) : this.removed(listing, request);
      if (change !== undefined) await this.write(listing.folder, change);
      return this.read(listing);
    });
    this.last = marked.catch(() => undefined);
    return marked;
  }

  /** The list with more images; undefined if they are all on it. */
  private added(listing: ImageListing, { images }: MarkRequest): string | undefined {
    const exclusions = this.exclusionsOf(listing);
    const fresh = images.filter((image) => {
      const path = listing.pathOf(image);
      return !exclusions?.has(path);
    });
    if (fresh.length === 0) return undefined;
    const text =
      this.textOf(listing.folder) ??
      `# Images of ${listing.folder} to leave out, for train and check-data.\n`;
    const gap = text === '' || text.endsWith('\n') ? '' : '\n';
    return text + gap + exclusionLines(new Set(fresh));
  }

  /** The list without images; undefined if none of them is on it. */
  private removed(listing: ImageListing, { images }: MarkRequest): string | undefined {
    const exclusions = this.exclusionsOf(listing);
    const unwanted = images.map((image) => listing.pathOf(image)).filter((path) => exclusions?.has(path));
    if (unwanted.length === 0) return undefined;
    const paths = new Set(unwanted.map(plain));
    const found = new Set<string>();
    const isKept = (text: string): boolean => {
      const [entry] = linesOf(text);
      const named = entry && pathOfEntry(entry.line, listing.folders);
      if (named === undefined || !paths.has(plain(named))) return true;
      found.add(plain(named));
      return false;
    };
    const kept = this.textOf(listing.folder)!.split('\n').filter(isKept);
    const other = unwanted.find((path) => !found.has(plain(path)));
    if (other !== undefined)
      throw new UserError(
        `${other} is on the list with the folder that it lies in: edit ${join(this.root, nameOf(listing.folder))}`,
      );
    return kept.join('\n');
  }

  private exclusionsOf({ folder, folders }: ImageListing): Exclusions | undefined {
    const path = this.existing(folder);
    return path === undefined ? undefined : readExclusions(path, folders);
  }

  private textOf(folder: string): string | undefined {
    const path = this.existing(folder);
    return path === undefined ? undefined : decodeText(readFileSync(path));
  }

  private async write(folder: string, text: string): Promise<void> {
    makeFolder(this.root);
    await writeFileAtomically(join(this.root, nameOf(folder)), [new TextEncoder().encode(text)]);
  }
}

/** The name of a folder's list: folders of the same name have different ones. */
function nameOf(folder: string): string {
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 6);
  return `exclude-${basename(folder)}-${digest}.txt`;
}

/** A path as lists compare them. */
function plain(path: string): string {
  return resolve(path).normalize('NFC');
}
