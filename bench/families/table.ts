import type { Measured } from '../benchmark.js';
import type { Spread } from '../statistics.js';
import { figure, markdown, memoryCell, NOTHING } from '../table.js';

/** A mode's figures of both sides; what could not be run is absent. */
export interface ModeFigures {
  readonly ours?: Measured | undefined;
  readonly pytorch?: Measured | undefined;
  readonly ratio?: Spread | undefined;
}

/** A model's line. */
export interface FamilyRow {
  readonly model: string;
  readonly parameters: number;
  /** Multiply-accumulates for one image. */
  readonly macs: number;
  /** Of the logits, as a share of PyTorch's greatest. */
  readonly difference: number | undefined;
  readonly train: ModeFigures;
  readonly eval: ModeFigures;
}

/** The greatest difference of logits that rounding in 32 bits explains. */
export const MOST_ROUNDING = 1e-4;

/** The table of families, in Markdown. */
export function familiesTable(rows: readonly FamilyRow[]): string {
  const speed = ['ours', 'PyTorch', 'ratio'];
  const header = [
    ...['model', 'parameters', 'million MACs', 'logits as PyTorch’s'],
    ...speed.map((each) => `training: ${each}`),
    ...speed.map((each) => `evaluation: ${each}`),
    ...['training MiB: ours / PyTorch', 'evaluation MiB'],
  ];
  return markdown(header, rows.map(cellsOf));
}

function cellsOf({ model, parameters, macs, difference, train, eval: evaluation }: FamilyRow): string[] {
  return [
    ...[model, parameters.toLocaleString('en'), (macs / 1e6).toFixed(1), agreement(difference)],
    ...[...speedCells(train), ...speedCells(evaluation)],
    ...[memoryCells(train), memoryCells(evaluation)],
  ];
}

/** `yes (3e-7)`. */
function agreement(difference: number | undefined): string {
  if (difference === undefined) return NOTHING;
  return `${difference <= MOST_ROUNDING ? 'yes' : 'no'} (${difference.toExponential(0)})`;
}

function speedCells({ ours, pytorch, ratio }: ModeFigures): string[] {
  return [
    ...[ours, pytorch].map((side) => (side ? figure(side.imagesPerSecond.median) : NOTHING)),
    ratio ? ratio.median.toFixed(2) : NOTHING,
  ];
}

function memoryCells({ ours, pytorch }: ModeFigures): string {
  return [ours, pytorch].map(memoryCell).join(' / ');
}
