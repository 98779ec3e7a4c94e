import type { WriteStream } from 'node:tty';

const BAR = 20;
/** Milliseconds between redraws on a terminal, and between lines if the output is piped. */
const TERMINAL_INTERVAL = 100;
const PIPE_INTERVAL = 10_000;

/** The bar that is on the terminal now. */
let drawnLine: ProgressLine | undefined;

/** Removes the bar, if one is drawn, so that a line can be printed. */
export function clearProgress(): void {
  drawnLine?.clear();
}

/** A progress bar on a terminal; if the stream is piped, a plain line every ten seconds. */
export class ProgressLine {
  private drawnAt: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly stream: Pick<WriteStream, 'write' | 'isTTY' | 'columns'>) {
    // The first plain line comes after an interval, so that quick work prints none.
    this.drawnAt = stream.isTTY ? Number.NEGATIVE_INFINITY : performance.now();
  }

  /** Shows what is being waited for before there is progress, also if the stream is piped and it takes long. */
  wait(text: string): void {
    this.update(0, text);
    if (this.stream.isTTY) return;
    this.timer = setTimeout(() => this.update(0, text), PIPE_INTERVAL + 1);
    this.timer.unref();
  }

  /** Shows how much is done, 0 to 1. */
  update(done: number, text: string): void {
    clearTimeout(this.timer);
    const now = performance.now();
    if (now - this.drawnAt < (this.stream.isTTY ? TERMINAL_INTERVAL : PIPE_INTERVAL)) return;
    this.drawnAt = now;
    const percent = `${Math.floor(100 * Math.min(done, 1))}%`;
    if (!this.stream.isTTY) {
      this.stream.write(`${percent.padStart(4)}  ${text}\n`);
      return;
    }
    const filled = Math.round(BAR * Math.min(done, 1));
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
    const line = `${bar} ${percent.padStart(4)}  ${text}`;
    this.stream.write(`\r\x1b[2K${line.slice(0, Math.max((this.stream.columns ?? 80) - 1, 20))}`);
    drawnLine = this;
  }

  /** Removes the bar. */
  clear(): void {
    clearTimeout(this.timer);
    if (drawnLine !== this) return;
    this.stream.write('\r\x1b[2K');
    drawnLine = undefined;
  }
}
