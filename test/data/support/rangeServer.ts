import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { listening } from './localServer.js';

/** A file of a server. */
export interface ServedFile {
  bytes: Uint8Array;
  etag?: string | undefined;
}

/** A request for bytes. */
export interface SeenRequest {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly authorization?: string | undefined;
}

/** What a server does instead of answering; returns false to answer as usual. */
export type Mischief = (request: SeenRequest, response: ServerResponse, call: number) => boolean;

/** A server of files on this machine that answers range requests as RFC 9110 says, unless mischief is made. */
export class RangeServer {
  readonly files = new Map<string, ServedFile>();
  readonly requests: SeenRequest[] = [];
  mischief: Mischief = () => false;
  url = '';

  static async start(t: Pick<TestContext, 'after'>): Promise<RangeServer> {
    const own = new RangeServer();
    const server = createServer((request, response) => own.answer(request, response));
    own.url = await listening(t, server);
    return own;
  }

  /** Requested bytes of all requests so far. */
  get asked(): number {
    return this.requests.reduce((sum, { start, end }) => sum + end + 1 - start, 0);
  }

  private answer({ url, headers }: IncomingMessage, response: ServerResponse): void {
    const path = new URL(url ?? '/', 'http://host').pathname;
    const file = this.files.get(decodeURI(path));
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const match = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    const last = file.bytes.length - 1;
    const [start, end] = match ? [Number(match[1]), Math.min(Number(match[2]), last)] : [0, last];
    const request = { path, start, end, authorization: headers.authorization };
    this.requests.push(request);
    if (this.mischief(request, response, this.requests.length - 1)) return;
    sendRange(response, file, request);
  }
}

/** Sends bytes of a file, of which it breaks off after `stop`. */
export function sendRange(
  response: ServerResponse,
  { bytes, etag }: ServedFile,
  { start, end }: Pick<SeenRequest, 'start' | 'end'>,
  stop = Number.POSITIVE_INFINITY,
): void {
  if (start > end) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const body = bytes.subarray(start, end + 1);
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end}/${bytes.length}`,
    'content-length': body.length,
    ...(etag !== undefined && { etag }),
  });
  if (stop >= body.length) response.end(body);
  else response.write(body.subarray(0, stop), () => response.destroy());
}
