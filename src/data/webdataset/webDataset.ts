import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../../errors.js';
import { IMAGENET_NORMALISATION, type ImageDataset, type ImageSource } from '../dataset.js';
import { isImageName } from '../folders/imageFiles.js';
import { isSystemName } from '../folders/systemFiles.js';
import { indexTar, type TarMember } from './tarIndex.js';

/** Options of {@link webDataset}. */
export interface WebDatasetOptions {
  /** For messages. Default: the first shard's name. */
  readonly name?: string | undefined;
  /** Names of the classes. Default: `class 0` and so on, up to the greatest label. */
  readonly classes?: readonly string[] | undefined;
  /** Called with each sample or archive that cannot be used, which is left out. Default: the first is an error. */
  readonly onBad?: ((bad: BadSample) => void) | undefined;
}

/** What of an archive cannot be used. */
export interface BadSample {
  /** `shard.tar/key`, or the archive's own path where that is damaged. */
  readonly path: string;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** The files of a sample, which share their name up to the first dot. */
interface Sample {
  readonly key: string;
  image?: TarMember;
  label?: TarMember;
}

/** More classes than anyone has; a larger label is a mistake. */
const MOST_CLASSES = 1_000_000;
const LARGEST_LABEL_FILE = 1 << 20;

/**
 * Images in uncompressed .tar archives in WebDataset's layout: files that share their name up to the
 * first dot are a sample, with an image (.jpg, .png, .webp, .gif, .tif …) and a label: `.cls` (a class
 * number in digits) or `.json` (with `label` or `cls`). Only headers and labels are read here.
 *
 * @throws UserError when an archive cannot be read, a sample lacks its image or label, or a label is not a class number
 */
export function webDataset(shards: readonly string[], options: WebDatasetOptions = {}): ImageDataset {
  const sources: ImageSource[] = [];
  const labels: number[] = [];
  for (const path of shards) {
    const file = openShard(path);
    try {
      for (const sample of samplesOf(path, options.onBad)) {
        attempt(options.onBad, `${path}/${sample.key}`, () => {
          const { image, label } = wholeSample(sample, path);
          labels.push(readLabel(file, path, label));
          sources.push({ path, member: image });
        });
      }
    } finally {
      closeSync(file);
    }
  }
  const count = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const classes = options.classes ?? Array.from({ length: count }, (_, i) => `class ${i}`);
  if (count > classes.length)
    throw new UserError(
      `${shards[0]} and so on have the label ${count - 1}, but there are ${classes.length} classes`,
    );
  return {
    kind: 'images',
    name: options.name ?? basename(shards[0] ?? 'no archives'),
    classes,
    count: labels.length,
    labels: Int32Array.from(labels),
    normalisation: IMAGENET_NORMALISATION,
    source: (index) => sources[index]!,
  };
}

function openShard(path: string): number {
  try {
    return openSync(path, 'r');
  } catch {
    throw new UserError(`there is no archive ${path}`);
  }
}

/** Runs an action; an error of the data goes to `onBad`, if there is one. */
function attempt<T>(onBad: WebDatasetOptions['onBad'], path: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!onBad || !(error instanceof UserError)) throw error;
    onBad({ path, reason: error.message });
    return undefined;
  }
}

/** Samples of an archive, in its order. */
function samplesOf(path: string, onBad: WebDatasetOptions['onBad']): Sample[] {
  const samples = new Map<string, Sample>();
  for (const member of attempt(onBad, path, () => indexTar(path)) ?? []) {
    const start = member.name.lastIndexOf('/') + 1;
    const dot = member.name.indexOf('.', start);
    const folders = member.name.slice(0, start).split('/');
    if (dot < 0 || dot === start || folders.some((name) => name !== '.' && isSystemName(name))) continue;
    const key = member.name.slice(0, dot);
    const sample = samples.get(key) ?? { key };
    samples.set(key, sample);
    const extension = member.name.slice(dot + 1).toLowerCase();
    if (isImageName(member.name)) sample.image = member;
    else if (extension === 'cls' || (extension === 'json' && !sample.label)) sample.label = member;
  }
  return [...samples.values()];
}

function wholeSample(
  { key, image, label }: Sample,
  path: string,
): { readonly image: TarMember; readonly label: TarMember } {
  if (!image) throw new UserError(`${key} in ${path} has no image: expected .jpg, .png, .webp, .gif or .tif`);
  if (!label) throw new UserError(`${key} in ${path} has no label: expected .cls or .json`);
  return { image, label };
}

function readLabel(file: number, path: string, { name, offset, length }: TarMember): number {
  const bytes = Buffer.alloc(Math.min(length, LARGEST_LABEL_FILE));
  readSync(file, bytes, 0, bytes.length, offset);
  const text = bytes.toString('utf8').trim();
  const label = /json$/i.test(name) ? jsonLabel(text) : /^\d+$/.test(text) ? Number(text) : undefined;
  if (label === undefined || !Number.isInteger(label) || label < 0 || label >= MOST_CLASSES)
    throw new UserError(
      `${name} in ${path} is not a label: expected a class number, found "${text.slice(0, 40)}"`,
    );
  return label;
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
