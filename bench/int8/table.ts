import type { Spread } from '../statistics.js';
import { figure, markdown, NOTHING } from '../table.js';

/** Milliseconds of one image, of the float model and of the other, by the number of threads. */
export interface Latency {
  readonly threads: number;
  readonly float: number;
  readonly int8: number;
  /** Float over int8, round by round. */
  readonly ratio: Spread;
}

/** What integers change in the classes of images. */
export interface Accuracies {
  readonly images: number;
  /** Images with the same most probable class in both models, and those with the right one in each. */
  readonly same: number;
  readonly float: number;
  readonly int8: number;
}

/** A model's line. */
export interface Int8Row {
  readonly model: string;
  /** Bytes of the files. */
  readonly bytes: { readonly float: number; readonly int8: number };
  readonly latencies: readonly Latency[];
  /** Convolutions and linear layers that stay in float, of all. */
  readonly layers: { readonly inFloat: number; readonly all: number };
  /** Of real weights. */
  readonly accuracies?: Accuracies | undefined;
}

/** The table of models in 8-bit integers, in Markdown. */
export function int8Table(rows: readonly Int8Row[]): string {
  const threads = rows[0]?.latencies.map((each) => each.threads) ?? [];
  const times = threads.map((count) => `, ${count} ${count === 1 ? 'thread' : 'threads'}`);
  const header = [
    ...['model', 'MB: float', 'int8', 'layers in float'],
    ...times.flatMap((time) => [`ms${time}: float`, 'int8', 'ratio']),
    ...['same class', 'top-1: float', 'int8'],
  ];
  return markdown(header, rows.map(cellsOf));
}

function cellsOf({ model, bytes, latencies, layers, accuracies }: Int8Row): string[] {
  const sizes = [bytes.float, bytes.int8].map((size) => (size / 1e6).toFixed(2));
  const times = latencies.flatMap(({ float, int8, ratio }) => [
    ...[figure(float), figure(int8), ratio.median.toFixed(2)],
  ]);
  return [model, ...sizes, `${layers.inFloat} of ${layers.all}`, ...times, ...accuracyCells(accuracies)];
}

function accuracyCells(accuracies: Accuracies | undefined): string[] {
  if (!accuracies) return [NOTHING, NOTHING, NOTHING];
  const { images, same, float, int8 } = accuracies;
  return [same, float, int8].map((count) => `${count} of ${images}`);
}
