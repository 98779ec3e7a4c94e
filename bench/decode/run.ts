import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jpegDecoderText } from '../../src/data/images/jpeg/describe.js';
import { type ImageDataset, imageFolder, Loader } from '../../src/index.js';
import { writeImages } from '../loader/images.js';
import { type Rate, rateOf, repeatedTo } from '../loader/rate.js';
import { busyShare, busyText } from '../machine.js';
import { printed } from '../printed.js';
import { median, spread } from '../statistics.js';
import { figure, markdown, NOTHING, spreadText } from '../table.js';

/** What `bench decode` is told. */
export interface DecodeOptions {
  /** A folder of class folders of images. Default: generated JPEG files. */
  readonly data?: string | undefined;
  /** Height and width of the prepared images. */
  readonly size: number;
  readonly batch: number;
  /** Numbers of threads of our loader, and of processes of PyTorch's. */
  readonly workers: readonly number[];
  /** How long a round measures. */
  readonly seconds: number;
  readonly rounds: number;
}

/** How images are prepared: a random crop that may be mirrored, or the middle. */
const PARTS = ['train', 'eval'] as const;
type Part = (typeof PARTS)[number];

/** Images a second, and processor time for an image. */
type Speed = Pick<Rate, 'perSecond' | 'processorMs'>;

const script = fileURLToPath(new URL('../../../bench/pytorch/decode.py', import.meta.url));

/**
 * Times this library's loader beside torchvision's with PyTorch's DataLoader, in turn: image files to normalised batches, for
 * training and evaluation.
 *
 * @param python the Python that has torchvision; undefined for this library alone
 * @returns a Markdown table, and what it was measured with
 */
export async function timeDecoding(
  options: DecodeOptions,
  python: string | undefined,
  progress: (text: string) => void,
): Promise<string> {
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
  try {
    if (options.data === undefined) await writeImages(folder);
    return await compare({ ...options, data: folder }, python, progress);
  } finally {
    if (options.data === undefined) rmSync(folder, { recursive: true });
  }
}

async function compare(
  options: DecodeOptions & { readonly data: string },
  python: string | undefined,
  progress: (text: string) => void,
): Promise<string> {
  const images = imageFolder(options.data);
  const rows: string[][] = [];
  let busy = 0;
  let version = '';
  for (const part of PARTS)
    for (const workers of options.workers) {
      const ours: Speed[] = [];
      const theirs: Speed[] = [];
      for (let round = 0; round < options.rounds; round++) {
        busy = Math.max(busy, await busyShare());
        ours.push(await ourSpeed(images, part, workers, options));
        if (python === undefined) continue;
        const found = await theirSpeed(python, part, workers, options);
        theirs.push(found);
        ({ version } = found);
      }
      rows.push(rowOf(part, workers, ours, theirs));
      progress(rows.at(-1)!.join('  '));
    }
  const header = ['images', 'workers', 'ours, images/s', 'torchvision', 'ratio (min–max)'];
  header.push('ours, processor ms an image', 'torchvision', 'ratio');
  const note = busyText(busy);
  const lines = [
    markdown(header, rows),
    '',
    `ours: ${jpegDecoderText()}`,
    ...(version === '' ? [] : [version]),
  ];
  return [...lines, ...(note === undefined ? [] : [`warning: ${note}`])].join('\n');
}

function rowOf(part: Part, workers: number, ours: readonly Speed[], theirs: readonly Speed[]): string[] {
  const middle = (speeds: readonly Speed[], of: keyof Speed): number => median(speeds.map((one) => one[of]));
  const name = part === 'train' ? 'training: random crop, mirrored' : 'evaluation: resized, middle';
  /** Our figure, PyTorch's, and how many times as good ours is. */
  const compared = (of: keyof Speed, ratio: () => string): string[] => {
    const own = figure(middle(ours, of));
    return theirs.length === 0 ? [own, NOTHING, NOTHING] : [own, figure(middle(theirs, of)), ratio()];
  };
  return [
    name,
    String(workers),
    ...compared('perSecond', () =>
      spreadText(spread(ours.map(({ perSecond }, round) => perSecond / theirs[round]!.perSecond))),
    ),
    ...compared('processorMs', () =>
      (middle(theirs, 'processorMs') / middle(ours, 'processorMs')).toFixed(2),
    ),
  ];
}

async function ourSpeed(
  images: ImageDataset,
  part: Part,
  workers: number,
  { size: imageSize, batch: batchSize, seconds }: DecodeOptions,
): Promise<Speed> {
  const loader = new Loader(repeatedTo(images, 64 * batchSize), {
    batchSize,
    imageSize,
    workers,
    ...(part === 'train' && { training: { seed: 0 } }),
  });
  try {
    return await rateOf(loader, seconds);
  } finally {
    await loader.close();
  }
}

interface Printed {
  readonly images: number;
  readonly seconds: number;
  readonly processor: number;
  readonly version: string;
}

async function theirSpeed(
  python: string,
  part: Part,
  workers: number,
  { data, size, batch, seconds }: DecodeOptions & { readonly data: string },
): Promise<Speed & { readonly version: string }> {
  const args = [script, data, part, ...[size, batch, workers, seconds].map(String)];
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const found = JSON.parse(await printed(python, args, env)) as Printed;
  return {
    perSecond: found.images / found.seconds,
    processorMs: (1000 * found.processor) / found.images,
    version: found.version,
  };
}
