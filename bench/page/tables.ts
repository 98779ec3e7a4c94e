import { median, type Rounds, type Spread, speedRatio, spread } from '../statistics.js';
import { figure, layOut, memoryCell, spreadText } from '../table.js';
import type { NetName } from './nets.js';

/** What was measured of a side on a net. */
export interface PageResult {
  readonly net: NetName;
  readonly name: string;
  readonly version: string;
  readonly startSeconds: number;
  readonly firstSeconds: number;
  readonly peakBytes: number | undefined;
  readonly seconds: Rounds;
}

const HEADER = ['net, side', 'ms a step (min–max)', '÷ ours', 'start s', 'first step s', 'peak MiB'];

/** A line for each side, whose ratios are to the first one of the net, and what the sides are. */
export function pageTable(results: readonly PageResult[]): string {
  const rows = results.map((result) => {
    const ours = results.find(({ net }) => net === result.net)!;
    const { net, name, seconds, startSeconds, firstSeconds } = result;
    const ratio = result === ours ? '1' : spreadText(speedRatio(ours.seconds, seconds));
    const times = [startSeconds.toFixed(2), firstSeconds.toFixed(2)];
    return [`${net} ${name}`, millisecondsText(seconds), ratio, ...times, memoryCell(result)];
  });
  const versions = new Set(results.map(({ name, version }) => `${name}: ${version}`));
  return `${layOut(HEADER, rows)}\n\n${[...versions].join('\n')}`;
}

/** `28.1 (27.9–30.2)`: the rounds' medians. */
function millisecondsText(rounds: Rounds): string {
  const found: Spread = spread(rounds.map((seconds) => 1000 * median(seconds)));
  return `${figure(found.median)} (${figure(found.min)}–${figure(found.max)})`;
}
