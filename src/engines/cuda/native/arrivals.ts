import type { Arrivals, Pointer } from '../device.js';
import type { Driver } from './driver/driver.js';
import type { Staging } from './staging.js';

/** Uploads in a stream of their own; two events keep them and the work that reads them apart. */
export class StreamArrivals implements Arrivals {
  /** All uploads so far are done. */
  private readonly arrived: number;
  /** What the last work has read may be overwritten. */
  private readonly taken: number;
  private isBeforeUploads = true;

  /** @param staging of the stream of uploads */
  constructor(
    private readonly driver: Driver,
    private readonly streams: { readonly main: number; readonly uploads: number },
    private readonly staging: Staging,
  ) {
    this.arrived = driver.createEvent();
    this.taken = driver.createEvent();
  }

  upload(pointer: Pointer, data: ArrayBufferView): void {
    // An event that was never recorded is not waited for.
    if (this.isBeforeUploads) this.driver.waitInStream(this.streams.uploads, this.taken);
    this.isBeforeUploads = false;
    this.staging.upload(pointer, data);
  }

  take(body: () => void): void {
    const { driver, streams } = this;
    driver.record(this.arrived, streams.uploads);
    driver.waitInStream(streams.main, this.arrived);
    body();
    driver.record(this.taken, streams.main);
    this.isBeforeUploads = true;
  }

  close(): void {
    // The memory that is uploaded to is freed next.
    this.driver.synchronize(this.streams.uploads);
    this.driver.destroyEvent(this.arrived);
    this.driver.destroyEvent(this.taken);
  }
}
