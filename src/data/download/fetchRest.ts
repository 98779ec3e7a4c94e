import { type FileHandle, open, stat } from 'node:fs/promises';
import { errorMessage, UserError } from '../../errors.js';
import { isPassing } from './passing.js';

/** An attempt to download the missing part of a file. */
export interface FetchRest {
  readonly url: string;
  /** What has arrived. */
  readonly part: string;
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly stallMs: number;
  readonly onProgress?: ((received: number, total: number | undefined) => void) | undefined;
}

/**
 * Downloads what is missing of `part`, or everything if the server does not support ranges (RFC 9110, section 14).
 *
 * @throws UserError when the server refuses or the file cannot be written; another error when a retry may help
 */
export async function fetchRest({ url, part, headers, stallMs, onProgress }: FetchRest): Promise<void> {
  const file = await openPart(part);
  const abort = new AbortController();
  const stalled = (): void => abort.abort(new Error(`nothing arrived for ${stallMs / 1000} s`));
  const timer = setTimeout(stalled, stallMs);
  try {
    const { size } = await stat(part);
    const response = await fetch(url, {
      headers: { ...headers, ...requestHeaders(size) },
      signal: abort.signal,
    });
    const start = await startOf(response, size, file, url);
    const length = response.headers.get('content-length');
    const total = length === null ? undefined : start + Number(length);
    let received = start;
    onProgress?.(received, total);
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      await write(file, chunk, received, part);
      received += chunk.length;
      onProgress?.(received, total);
    }
    if (total !== undefined && received !== total)
      throw new Error(`the connection broke after ${received} of ${total} bytes`);
  } finally {
    clearTimeout(timer);
    await file.close();
  }
}

/** The checksum of the whole shows whether the part belongs to the server's present file. */
function requestHeaders(size: number): Record<string, string> {
  const headers = { 'accept-encoding': 'identity' };
  return size > 0 ? { ...headers, range: `bytes=${size}-` } : headers;
}

/** Offset of the response's body in the file. */
async function startOf(response: Response, size: number, file: FileHandle, url: string): Promise<number> {
  const { status } = response;
  if (status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${size}-`)) return size;
  if (status === 200) {
    await file.truncate(0);
    return 0;
  }
  await response.body?.cancel();
  const message = `the server answered ${status} ${response.statusText}`.trim();
  if (status === 206 || status === 416) await file.truncate(0);
  else if (!isPassing(status)) throw new UserError(`${url} could not be downloaded: ${message}`);
  throw new Error(message);
}

async function openPart(part: string): Promise<FileHandle> {
  try {
    // Made if it is missing, kept if it is there.
    await (await open(part, 'a')).close();
    return await open(part, 'r+');
  } catch (error) {
    throw new UserError(`${part} cannot be written: ${errorMessage(error)}`);
  }
}

async function write(file: FileHandle, chunk: Uint8Array, position: number, part: string): Promise<void> {
  try {
    await file.write(chunk, 0, chunk.length, position);
  } catch (error) {
    throw new UserError(`${part} cannot be written: ${errorMessage(error)}`);
  }
}
