/** What the studio's server and its page say to each other about data, as JSON. */
import type { DataCheck } from '../data/check/checkData.js';
import type { PartName } from '../data/folders/partNames.js';
import type { InspectedImage } from '../report/inspect/inspectRun.js';

/** A folder of images that may be looked at. */
export interface DataFolder {
  /** Its path. */
  readonly folder: string;
  /** Ids of the runs that have a model and were trained on it, the newest first. */
  readonly runs: readonly string[];
}

/** A part of a folder, as its names are. */
export interface DataPart {
  /** `train` for a folder without parts. */
  readonly part: PartName;
  readonly folder: string;
  readonly classes: readonly { readonly name: string; readonly images: number }[];
}

/** The list of images that the studio keeps for a folder: a file for the setting `exclude`. */
export interface MarkedImages {
  /** Path of the file, which is there when an image has been marked. */
  readonly list: string;
  /** Images on it. */
  readonly images: readonly ListedImage[];
  /** What is wrong with the list, a sentence each. */
  readonly notes: readonly string[];
}

/** What is in a folder. */
export interface DataOverview {
  readonly parts: readonly DataPart[];
  readonly marked: MarkedImages;
}

/** An image of a folder. */
export interface ListedImage {
  /** Its path relative to the folder, with slashes. */
  readonly image: string;
  readonly class: string;
}

/** Some images of a folder, in the order of their names. */
export interface ImagePage {
  readonly images: readonly ListedImage[];
  /** How many there are in all. */
  readonly ofImages: number;
}

/** Images to mark, or whose marks are taken away. */
export interface MarkRequest {
  readonly images: readonly string[];
  readonly isMarked: boolean;
}

/** A line of the answer to a check of a folder: how far it is, and at last what it found or why it failed. */
export type CheckNews =
  | { readonly done: number; readonly total: number }
  | { readonly check: DataCheck }
  | { readonly error: string };

/** An image as a run's model sees it. */
export interface JudgedImage extends InspectedImage {
  /** Whether its label is likely wrong, by confident learning. */
  readonly isLabelError: boolean;
  /** Number of its group of near-duplicates, from 1; 0 for an image without any. */
  readonly group: number;
}

/** What `inspect` finds in a part of a run's data. */
export interface InspectionFigures {
  readonly images: readonly JudgedImage[];
  /** Images of the whole part. */
  readonly ofImages: number;
}
