import { relative, sep } from 'node:path';
import { type SetToCheck, setToCheck } from '../../../data/check/partsToCheck.js';
import type { PartName } from '../../../data/folders/partNames.js';
import { imageKey } from '../../../data/folders/splits.js';
import { UserError } from '../../../errors.js';
import type { DataPart, ImagePage, ListedImage } from '../../dataApi.js';
import { isInside, realPath } from '../insideFolder.js';

/** Which images of a folder are listed. */
export interface ListingChoice {
  readonly part: PartName;
  /** Undefined: of all classes. */
  readonly class: string | undefined;
  /** Place of the first, from 0. */
  readonly from: number;
  readonly count: number;
}

/** An image's file. */
export interface ListedFile extends ListedImage {
  readonly path: string;
}

/** The images of a folder, as `check-data` finds them. */
export class ImageListing {
  private readonly files = new Map<string, ListedFile>();

  private constructor(
    readonly folder: string,
    private readonly set: SetToCheck,
  ) {
    for (const part of set.parts) {
      for (const { source, class: name } of part.images) this.add(source.path, name);
      for (const { path } of part.foreign)
        this.add(path, relative(part.folder, path).split(sep)[0]!.normalize('NFC'));
    }
  }

  /** Lists a folder. @throws UserError when its layout is not clear, or it cannot be read */
  static async of(folder: string): Promise<ImageListing> {
    return new ImageListing(folder, await setToCheck(folder, undefined, {}));
  }

  /** The parts with their classes. */
  get parts(): DataPart[] {
    return this.set.parts.map(({ part, folder, classes, images }) => {
      const counts = new Map(classes.map((name) => [name, 0]));
      for (const image of images) counts.set(image.class, counts.get(image.class)! + 1);
      return { part, folder, classes: [...counts].map(([name, count]) => ({ name, images: count })) };
    });
  }

  /** Folders that entries of an exclusion list may be relative to. */
  get folders(): readonly string[] {
    return this.set.folders;
  }

  /** All images, those of unsupported formats included. */
  get images(): Iterable<ListedFile> {
    return this.files.values();
  }

  /** Some images, in the order of their names. @throws UserError when there is no such part */
  page({ part: name, class: only, from, count }: ListingChoice): ImagePage {
    const part = this.set.parts.find((each) => each.part === name);
    if (!part) throw new UserError(`${this.folder} has no part ${JSON.stringify(name)}`);
    const chosen = only === undefined ? part.images : part.images.filter((image) => image.class === only);
    const images = chosen
      .slice(from, from + count)
      .map((image) => ({ image: imageKey(image.source, this.folder), class: image.class }));
    return { images, ofImages: chosen.length };
  }

  /** The path of an image. @throws UserError when the folder has none of that name */
  pathOf(image: string): string {
    const file = this.files.get(image);
    if (file === undefined)
      throw new UserError(`${this.folder} has no image ${JSON.stringify(image)}: look at the folder again`);
    return file.path;
  }

  /**
   * The path of an image without symbolic links.
   *
   * @throws UserError when the folder has none of that name, or a link leads out of the folder
   */
  realPathOf(image: string): string {
    const path = realPath(this.pathOf(image));
    const folder = realPath(this.folder);
    if (path === undefined || folder === undefined) throw new UserError(`${image} is no longer there`);
    if (!isInside(folder, path))
      throw new UserError(`${image} is a symbolic link that leads out of ${this.folder}: it is not shown`);
    return path;
  }

  private add(path: string, name: string): void {
    const image = imageKey({ path }, this.folder);
    this.files.set(image, { image, class: name, path });
  }
}

/** Folders whose listings are kept. */
const MOST_KEPT = 3;

/** Listings of folders, which are kept until they are asked for again. */
export class ImageListings {
  private readonly kept = new Map<string, Promise<ImageListing>>();

  /** Lists a folder as it is now. @throws UserError as {@link ImageListing.of} */
  fresh(folder: string): Promise<ImageListing> {
    this.kept.delete(folder);
    return this.of(folder);
  }

  /** The listing of a folder, which may be some time old. @throws UserError as {@link ImageListing.of} */
  of(folder: string): Promise<ImageListing> {
    const known = this.kept.get(folder);
    if (known) return known;
    const listing = ImageListing.of(folder);
    this.kept.set(folder, listing);
    listing.catch(() => this.kept.delete(folder));
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT) this.kept.delete(oldest!);
    return listing;
  }
}
