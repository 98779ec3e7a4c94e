import { basename } from 'node:path';
import { UserError } from '../../errors.js';
import { IMAGENET_NORMALISATION, type ImageDataset, type ImageSource } from '../dataset.js';
import { plainPath } from '../remote/url.js';
import { openShards, type RemoteOptions } from './openShards.js';
import type { BadSample } from './shardIndex.js';

/** Options of {@link webDataset}. */
export interface WebDatasetOptions {
  /** For messages. Default: the first shard's name. */
  readonly name?: string | undefined;
  /** Names of the classes. Default: `class 0` and so on, up to the greatest label. */
  readonly classes?: readonly string[] | undefined;
  /** Called with each sample or archive that cannot be used, which is left out. Default: the first is an error. */
  readonly onBad?: ((bad: BadSample) => void) | undefined;
  /** How archives at URLs are read. */
  readonly remote?: RemoteOptions | undefined;
}

/**
 * Images in uncompressed .tar archives in WebDataset's layout: files that share their name up to the
 * first dot are a sample, with an image (.jpg, .png, .webp, .gif, .tif …) and a label: `.cls` (a class
 * number in digits) or `.json` (with `label` or `cls`). Of several images that without further words before its extension
 * counts (`0001.jpg` beside `0001.seg.png`); a file of the same name begins another sample. Only headers and labels are read here; what archives at
 * http(s) URLs hold is kept on disk, so that it is read once.
 *
 * @param shards paths and URLs of archives
 * @throws UserError when an archive cannot be read, a sample lacks its image or label or has two images, or a label is not a class number
 */
export async function webDataset(
  shards: readonly string[],
  options: WebDatasetOptions = {},
): Promise<ImageDataset> {
  const sources: ImageSource[] = [];
  const labels: number[] = [];
  for (const { samples, bad, source } of await openShards(shards, options.remote)) {
    for (const each of bad) {
      if (!options.onBad) throw new UserError(each.reason);
      options.onBad(each);
    }
    for (const sample of samples) {
      labels.push(sample.label);
      sources.push(source(sample));
    }
  }
  const first = plainPath(shards[0] ?? 'no archives');
  const count = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const classes = options.classes ?? Array.from({ length: count }, (_, i) => `class ${i}`);
  if (count > classes.length)
    throw new UserError(
      `${first} and so on have the label ${count - 1}, but there are ${classes.length} classes`,
    );
  return {
    kind: 'images',
    name: options.name ?? basename(first),
    classes,
    count: labels.length,
    labels: Int32Array.from(labels),
    normalisation: IMAGENET_NORMALISATION,
    source: (index) => sources[index]!,
  };
}
