import { createHash, type Hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Dataset, DatasetPair, ImageSource } from '../data/dataset.js';
import { UserError } from '../errors.js';
import type { Learner } from '../train/learner.js';
import type { Checkpoint } from '../train/learnerState.js';
import type { RankSums } from '../train/rankSums.js';
import { readBytes } from './checkpoint.js';
import type { TrainConfig } from './trainConfig.js';

/** Settings that each machine has for itself. */
const PER_MACHINE: ReadonlySet<string> = new Set<keyof TrainConfig>([
  ...(['threads', 'workers', 'cache', 'cacheMb'] as const),
  ...(['dataPath', 'accuraciesDir', 'download'] as const),
]);

/** Of sets with more images in files the files' lengths are not compared: asking for them takes minutes. */
const MOST_MEASURED = 100_000;

/** What a run begins with. */
export interface RunStart {
  readonly config: TrainConfig;
  /** With the labels of the run. */
  readonly data: DatasetPair;
  /** The factor of each class in the loss. */
  readonly classWeights: readonly number[] | undefined;
}

/**
 * Checks that all ranks have the same settings, data, class weights and teacher: a machine with other files would spoil the run without
 * a word. What ranks do together depends on all of these, so this comes before anything else that they do together.
 *
 * @throws UserError on all ranks, saying what differs
 */
export async function expectSameStart(sums: RankSums, start: RunStart): Promise<void> {
  if (sums.ranks.size > 1) await expectSame(sums, startDigests(start));
}

/**
 * Checks that all ranks begin with the same values, at the same point of the run.
 *
 * @throws UserError on all ranks
 */
export async function expectSameValues(learner: Learner, checkpoint: Checkpoint | undefined): Promise<void> {
  if (learner.overRanks.ranks.size === 1) return;
  const hash = digest(JSON.stringify(checkpoint?.training?.progress ?? null));
  for (const [name, { data }] of [...(await learner.stateDict()), ...(await learner.trainingState())])
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  await expectSame(learner.overRanks, { 'the values that a run begins with': hash.digest() });
}

/** Digests of what a run begins with, by what messages call it. */
export function startDigests({ config, data, classWeights }: RunStart): Readonly<Record<string, Buffer>> {
  const same = Object.fromEntries(Object.entries(config).filter(([key]) => !PER_MACHINE.has(key)));
  const images = createHash('sha256');
  for (const part of [data.train, data.test]) addImages(images, part);
  const teacher = createHash('sha256');
  if (config.teacher !== null) teacher.update(readBytes(config.teacher));
  return {
    'the settings': digest(JSON.stringify(same)).digest(),
    'the classes of the data': digest(JSON.stringify([data.train.classes, data.test.classes])).digest(),
    'the images of the data': images.digest(),
    'the class weights': digest(JSON.stringify(classWeights ?? null)).digest(),
    'the teachers': teacher.digest(),
  };
}

function digest(text: string): Hash {
  return createHash('sha256').update(text);
}

/** Labels and images in their order. Files may lie in other folders on another machine. */
function addImages(hash: Hash, dataset: Dataset): void {
  const { count, labels } = dataset;
  hash
    .update(`${dataset.kind} ${count}\n`)
    .update(new Uint8Array(labels.buffer, labels.byteOffset, 4 * count));
  if (dataset.kind === 'pixels') {
    const { channels = 3, imageSize, pixels } = dataset;
    hash.update(`${channels} ${imageSize}\n`).update(pixels.subarray(0, count * channels * imageSize ** 2));
    return;
  }
  const isMeasured = count <= MOST_MEASURED;
  for (let i = 0; i < count; i++) hash.update(imageText(dataset.source(i), isMeasured));
}

function imageText({ path, member, remote }: ImageSource, isMeasured: boolean): string {
  if (member) return `${member.name}\0${member.length}\0${remote?.hash ?? ''}\n`;
  // A file that is gone fails when it is read.
  const size = isMeasured ? statSync(path, { throwIfNoEntry: false })?.size : undefined;
  return `${basename(path)}\0${size ?? ''}\n`;
}

/** Bytes of a digest that are compared. */
const COMPARED = 16;

async function expectSame(sums: RankSums, digests: Readonly<Record<string, Buffer>>): Promise<void> {
  const entries = Object.entries(digests).map(([what, bytes]) => ({ what, words: wordsOf(bytes) }));
  const all = await sums.of(entries.flatMap(({ words }) => words));
  const differs = (words: readonly number[], at: number): boolean =>
    words.some((word, i) => all[at + i] !== sums.ranks.size * word);
  const found = entries.find(({ words }, i) => differs(words, i * words.length));
  if (found)
    throw new UserError(`${found.what} differ between ranks: all need the same flags and the same files`);
}

function wordsOf(bytes: Buffer): number[] {
  return Array.from({ length: COMPARED / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
}
