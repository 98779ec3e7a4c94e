import type { PartName } from '../folders/partNames.js';

/** What checkData found in one part of a data set. Paths are relative to the data folder, with slashes. */
export interface DataReport {
  readonly part: PartName;
  readonly folder: string;
  /** Classes with the number of their readable images, sorted by name. */
  readonly classes: readonly { readonly name: string; readonly count: number }[];
  /** Empty files. */
  readonly empty: readonly string[];
  /** Files that cannot be decoded, and why. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  /** Images of unsupported formats. */
  readonly foreign: readonly { readonly path: string; readonly format: string }[];
}
