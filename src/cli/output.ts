import { createRequire } from 'node:module';
import { UserError } from '../errors.js';
import { oneLine } from '../formats/quote.js';
import { jsonLine } from '../runs/eventRecord.js';
import { clearProgress } from './progressLine.js';

/** How events are printed. */
export type LogFormat = 'text' | 'json';

/** Version of this package. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('biasloss/package.json') as { version: string };
  return version;
}

/** Standard output or standard error cannot be written. */
export class OutputLost extends UserError {
  override readonly name = 'OutputLost';
  /** 141, as a shell reports SIGPIPE, if the reader is gone. */
  override readonly exitCode: number;

  constructor(stream: string, error: NodeJS.ErrnoException) {
    const closed = error.code === 'EPIPE';
    super(closed ? `${stream} is closed` : `${stream} cannot be written: ${error.message}`);
    this.exitCode = closed ? 141 : 1;
  }

  /** Whether the error can be ignored, as in `biasloss info … | head -1`. */
  get isQuiet(): boolean {
    return this.exitCode === 141;
  }
}

/** Who is told that output was lost; only the last one is called. */
const outputWatches: ((lost: OutputLost) => void)[] = [];

/**
 * Calls `onLost` when output cannot be written, instead of earlier watchers. A closed terminal does not count: SIGHUP
 * reports it.
 *
 * @returns a function that ends the watch
 */
export function watchOutput(onLost: (lost: OutputLost) => void): () => void {
  if (outputWatches.length === 0) listenForErrors();
  outputWatches.push(onLost);
  return () => {
    outputWatches.splice(outputWatches.indexOf(onLost), 1);
  };
}

function listenForErrors(): void {
  const streams = { 'standard output': process.stdout, 'standard error': process.stderr };
  for (const [name, stream] of Object.entries(streams)) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EIO' && stream.isTTY) return;
      outputWatches.at(-1)?.(new OutputLost(name, error));
    });
  }
}

/** Prints a line to standard output. */
export function printLine(text = ''): void {
  clearProgress();
  process.stdout.write(`${text}\n`);
}

/** How notices and errors are printed. */
let noticeFormat: LogFormat = 'text';

/** Sets how notices and errors are printed. */
export function setNoticeFormat(format: LogFormat): void {
  noticeFormat = format;
}

/** Whether notices and errors are printed as JSON. */
export function noticesAreJson(): boolean {
  return noticeFormat === 'json';
}

/** Prints a record as a line of JSON to standard error. */
export function printRecord(record: Readonly<Record<string, unknown>>): void {
  clearProgress();
  process.stderr.write(`${jsonLine(record)}\n`);
}

/** Prints a human-readable line (in JSON a record `notice`) to standard error, apart from the results. */
export function printNotice(text: string): void {
  printDiagnostic(oneLine(text), { event: 'notice', text });
}

/** Prints a stack trace, which has several lines, as {@link printNotice} prints a line. */
export function printStack(text: string): void {
  printDiagnostic(text, { event: 'notice', text });
}

/** Prints to standard error why the process fails: a sentence, or in JSON a record `error`. */
export function printError(sentence: string, exitCode: number, prefix = 'error: '): void {
  printDiagnostic(prefix + oneLine(sentence), { event: 'error', message: sentence, exit_code: exitCode });
}

function printDiagnostic(text: string, record: Readonly<Record<string, unknown>>): void {
  if (noticesAreJson()) {
    printRecord(record);
    return;
  }
  clearProgress();
  process.stderr.write(`${text}\n`);
}

/** Prints a record as a line of JSON. */
export function printJson(record: Readonly<Record<string, unknown>>): void {
  printLine(jsonLine(record));
}

/** A percentage: 72.41%. */
export function formatPercent(value: number): string {
  return `${value.toFixed(2)}%`;
}

/** Top-1, and top-5 where there are more than five classes: else it is always 100%. */
export function formatAccuracy(accuracy: { top1: number; top5: number }, classes: number): string {
  const top5 = classes > 5 ? `  top-5 ${formatPercent(accuracy.top5)}` : '';
  return `top-1 ${formatPercent(accuracy.top1)}${top5}`;
}

/** What is to be said of an accuracy some of whose logits were not finite; undefined where all were. */
export function notFiniteText({
  images,
  notFinite,
}: {
  images: number;
  notFinite?: number | undefined;
}): string | undefined {
  if (notFinite === undefined) return undefined;
  return `the logits of ${formatCount(notFinite)} of ${countOf(images, 'image')} are not finite: they count as wrong`;
}

/** Prints {@link notFiniteText} as a notice, where there is something to say. */
export function noticeNotFinite(accuracy: Parameters<typeof notFiniteText>[0]): void {
  const text = notFiniteText(accuracy);
  if (text !== undefined) printNotice(text);
}

/** Seconds as `1:02:03` or `2:03`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const total = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A number with thousands separators: 1,360,896. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}

/** A number of things: `1 image`, `1,200 images`. */
export function countOf(value: number, one: string, several = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : several}`;
}

/** A table with aligned columns; the first is aligned left, the others right. Line breaks in cells are escaped. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  const all = [header, ...cells];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...cells.map(line)].join('\n');
}

/** A run was stopped by a signal: the process ends with this exit code. */
export class Interrupted extends UserError {
  override readonly name = 'Interrupted';
  override readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}
