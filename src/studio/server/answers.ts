import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { ErrorAnswer } from '../api.js';
import { fileInside } from './insideFolder.js';

/** An answer that refuses, with a sentence. */
export function failure(status: number, error: string): Response {
  const answer: ErrorAnswer = { error };
  return Response.json(answer, { status });
}

/**
 * A file in a run's folder, or another folder that may be given away, as an answer.
 *
 * @throws UserError when a symbolic link leads out of the folder, or it is not a regular file
 */
export function fileAnswer(
  folder: string,
  name: string,
  type: string,
  headers: Record<string, string> = {},
): Response {
  const path = fileInside(folder, name);
  if (path === undefined) return failure(404, `the run has no ${name}`);
  const stream = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  const length = String(statSync(path).size);
  return new Response(stream, { headers: { 'content-type': type, 'content-length': length, ...headers } });
}
