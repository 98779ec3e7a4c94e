import { UserError } from '../../../errors.js';
import type { Driver } from './driver/driver.js';

/** A device's stream, another one for work beside it, and one for uploads; and what is recorded from the first two. */
export class Streams {
  readonly main: number;
  readonly uploads: number;
  private readonly beside: number;
  private now: number;
  private capturing = false;
  /** Events of work beside, which captures use again. */
  private readonly forks: number[] = [];
  private usedForks = 0;

  /** @param switched is called when work is added to another stream from now on */
  constructor(
    private readonly driver: Driver,
    private readonly switched: (stream: number) => void,
  ) {
    this.main = driver.createStream();
    this.beside = driver.createStream();
    this.uploads = driver.createStream();
    this.now = this.main;
  }

  /** The stream that work is added to now. */
  get current(): number {
    return this.now;
  }

  get isCapturing(): boolean {
    return this.capturing;
  }

  /** See {@link Device.aside}. */
  aside(body: () => void): () => void {
    const { driver, main, beside } = this;
    const [start, end] = [this.fork(), this.fork()];
    driver.record(start, main);
    driver.waitInStream(beside, start);
    this.use(beside);
    try {
      body();
    } finally {
      this.use(main);
    }
    driver.record(end, beside);
    return () => driver.waitInStream(main, end);
  }

  /** The graph of the work that `body` adds. */
  record(body: () => void): number {
    this.driver.beginCapture(this.now);
    this.capturing = true;
    this.usedForks = 0;
    try {
      body();
    } catch (error) {
      this.abandonCapture();
      throw error;
    } finally {
      this.capturing = false;
    }
    return this.driver.endCapture(this.now);
  }

  close(): void {
    for (const event of this.forks.splice(0)) this.driver.destroyEvent(event);
    this.driver.destroyStream(this.uploads);
    this.driver.destroyStream(this.beside);
    this.driver.destroyStream(this.main);
  }

  private use(stream: number): void {
    this.now = stream;
    this.switched(stream);
  }

  /** An event that nothing in this capture uses yet. */
  private fork(): number {
    const known = this.forks[this.usedForks++];
    if (known !== undefined) return known;
    const event = this.driver.createEvent();
    this.forks.push(event);
    return event;
  }

  /** Ends a capture that failed; that it did is known. */
  private abandonCapture(): void {
    try {
      this.driver.destroyGraph(this.driver.endCapture(this.now));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
}
