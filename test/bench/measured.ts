import type { Measured } from '../../bench/benchmark.js';
import type { Contender } from '../../bench/contenders.js';
import { imagesPerSecond } from '../../bench/statistics.js';

/** One side's figures of 64 images a step and a MiB, of steps that take `second` seconds each. */
export function measured(
  side: Measured['side'],
  precision: Measured['precision'],
  second: number,
  { python = 'python', way = 'eager', layout = 'channels_last' }: Partial<Contender> = {},
): Measured {
  const seconds = [[second], [second]];
  const speed = imagesPerSecond(seconds, 64);
  return {
    side,
    precision,
    contender: side === 'ours' ? undefined : { python, precision, way, layout },
    variant: `v${second}`,
    version: 'x',
    imagesPerSecond: speed,
    peakBytes: 2 ** 20,
    seconds,
  };
}

/** What is timed. */
export const workload = {
  model: 'resnet18',
  classes: 100,
  image_size: 32,
  batch: 64,
  mode: 'train',
  threads: 2,
} as const;

/** Ways that compete. */
export const lines = [['eager', 'compiled']] as const;

/** An interpreter without torch.compile, and one with it. */
export const pythons = [
  { path: 'old', compiles: false },
  { path: 'new', compiles: true },
];
