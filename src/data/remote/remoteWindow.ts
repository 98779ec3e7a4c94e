import type { ByteRange, Reading } from './byteRange.js';
import type { FileVersion } from './fileVersion.js';
import { type Patience, readRange } from './readRange.js';

/** Bytes of the first request, and after a jump. */
const SMALLEST = 64 * 1024;
/** Most bytes of a request. */
const LARGEST = 8 * 2 ** 20;
/** A gap up to which reading everything takes no longer than another request. */
const NEAR = 2 ** 20;

/** Reads a file on a server from front to back, in requests that grow while little is left out between the bytes that are needed. */
export class RemoteWindow {
  private start = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private size = SMALLEST / 4;

  constructor(
    private readonly url: string,
    private readonly version: FileVersion,
    private readonly patience: Patience | undefined,
    /** Called after each request. */
    private readonly onRead: () => void,
  ) {}

  /** Does work that reads the file. @throws UserError as {@link readRange} */
  async run<T>(reading: Reading<T>): Promise<T> {
    for (let step = reading.next(); ; ) {
      if (step.done) return step.value;
      step = reading.next(await this.read(step.value));
    }
  }

  private async read({ offset, length }: ByteRange): Promise<Uint8Array> {
    const within = offset - this.start;
    if (within < 0 || within + length > this.bytes.length) await this.move(offset, length);
    const from = offset - this.start;
    return this.bytes.subarray(from, from + length);
  }

  private async move(offset: number, length: number): Promise<void> {
    const gap = offset - (this.start + this.bytes.length);
    this.size = gap <= NEAR ? Math.min(4 * this.size, LARGEST) : SMALLEST;
    const wanted = Math.max(length, this.size);
    const rest = Math.max(0, this.version.length - offset);
    const request = {
      url: this.url,
      version: this.version,
      offset,
      length: Math.min(wanted, rest),
    };
    this.bytes = (await readRange(request, this.patience)).bytes;
    this.start = offset;
    this.onRead();
  }
}
