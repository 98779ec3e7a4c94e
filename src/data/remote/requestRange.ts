import { UserError } from '../../errors.js';
import { isPassing } from '../download/passing.js';
import type { ByteRange } from './byteRange.js';
import { expectVersion, type FileVersion, versionOf } from './fileVersion.js';
import { plainPath } from './url.js';

/** Which bytes of which file. */
export interface RangeRequest extends ByteRange {
  /** An http(s) URL. */
  readonly url: string;
  /** What the file must still be; with it the range must lie within the file. Default: whatever the server has. */
  readonly version?: FileVersion | undefined;
}

/** What has arrived of a range. */
export class Receipt {
  /** Bytes that have arrived. */
  count = 0;
  private bytes: Buffer;
  private known: FileVersion | undefined;

  constructor(readonly request: RangeRequest) {
    this.bytes = Buffer.alloc(request.length);
    this.known = request.version;
  }

  /** Takes the version of an answer; the first one decides how many bytes there are. */
  expect(version: FileVersion): void {
    const { url, offset, length } = this.request;
    if (this.known) expectVersion(url, this.known, version);
    this.known = version;
    this.bytes = this.bytes.subarray(0, Math.max(0, Math.min(length, version.length - offset)));
  }

  /** @throws Error when there are more bytes than were asked for */
  take(chunk: Uint8Array): void {
    if (this.count + chunk.length > this.bytes.length)
      throw new Error('the server sent more bytes than it was asked for');
    this.bytes.set(chunk, this.count);
    this.count += chunk.length;
  }

  /** @throws Error when bytes are missing */
  whole(): { bytes: Uint8Array; version: FileVersion } {
    if (!this.known || this.count < this.bytes.length)
      throw new Error(`the connection broke after ${this.count} of ${this.bytes.length} bytes`);
    return { bytes: this.bytes, version: this.known };
  }
}

/**
 * One attempt at what is missing of a range (RFC 9110, section 14).
 *
 * @throws UserError when another attempt would be in vain; another error when it may help
 */
export async function requestRange(receipt: Receipt, stallMs: number): Promise<void> {
  const { url, offset, length } = receipt.request;
  const start = offset + receipt.count;
  const abort = new AbortController();
  const stalled = (): void => abort.abort(new Error(`nothing arrived for ${stallMs / 1000} s`));
  const timer = setTimeout(stalled, stallMs);
  try {
    const response = await fetch(url, {
      headers: {
        'accept-encoding': 'identity',
        range: `bytes=${start}-${offset + length - 1}`,
        ...authorization(url),
      },
      signal: abort.signal,
    });
    if (!(await isAnswer(response, receipt, start))) return;
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      receipt.take(chunk);
    }
    receipt.whole();
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the body of a response is the bytes from `start` on; false where the file is empty. */
async function isAnswer(response: Response, receipt: Receipt, start: number): Promise<boolean> {
  const { status, headers } = response;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  if (status === 206 && Number(first) === start && total !== undefined) {
    receipt.expect(versionOf(response, Number(total)));
    return true;
  }
  // A short file may come as a whole.
  const length = headers.get('content-length');
  const isShort = length !== null && Number(length) <= receipt.request.length;
  if (status === 200 && start === 0 && isShort) {
    receipt.expect(versionOf(response, Number(length)));
    return true;
  }
  await response.body?.cancel();
  // The range begins behind the file's end.
  if (status === 416 && total !== undefined) {
    receipt.expect(versionOf(response, Number(total)));
    return false;
  }
  throw refusal(response, receipt.request.url);
}

function refusal({ status, statusText }: Response, url: string): Error {
  const name = plainPath(url);
  const message = `the server answered ${status} ${statusText}`.trim();
  if (status === 200 || status === 206)
    return new UserError(
      `${name} cannot be read in parts: the server does not answer range requests; download the archives, or use a server that does`,
    );
  return isPassing(status) ? new Error(message) : new UserError(`${name} could not be read: ${message}`);
}

/**
 * What permits reading: `BIASLOSS_DATA_AUTHORIZATION` is the header's value for any server; `HF_TOKEN` is sent to Hugging Face's alone.
 */
function authorization(url: string): Record<string, string> {
  const { BIASLOSS_DATA_AUTHORIZATION: own, HF_TOKEN, HF_ENDPOINT = 'https://huggingface.co' } = process.env;
  if (own) return { authorization: own };
  const isHub = URL.canParse(HF_ENDPOINT) && new URL(url).origin === new URL(HF_ENDPOINT).origin;
  return isHub && HF_TOKEN ? { authorization: `Bearer ${HF_TOKEN}` } : {};
}
