import { UserError } from '../../errors.js';
import { plainPath } from './url.js';

/** What a server says of a file by which a change is recognised. */
export interface FileVersion {
  /** Bytes of the whole file. */
  readonly length: number;
  /** ETag, or the time of the last change where there is none; empty where the server says neither. */
  readonly tag: string;
}

/** The headers of an answer of `fetch`, whose own types only programs for pages or Node.js have. */
interface Answered {
  readonly headers: { get(name: string): string | null };
}

/** The version that an answer is of; `length` as its headers give it. */
export function versionOf({ headers }: Answered, length: number): FileVersion {
  // A server may call the same tag weak in one answer and strong in another.
  const tag = headers.get('etag')?.replace(/^W\//, '') ?? headers.get('last-modified') ?? '';
  return { length, tag };
}

/** Whether two versions are of the same bytes, as far as the server says. */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  return a.length === b.length && a.tag === b.tag;
}

/** @throws UserError when a file is not what it was */
export function expectVersion(url: string, before: FileVersion, now: FileVersion): void {
  if (isSameVersion(before, now)) return;
  const text = ({ tag, length }: FileVersion): string => `${length} bytes${tag && `, ${tag}`}`;
  throw new UserError(
    `${plainPath(url)} has changed on the server since it was indexed: expected ${text(before)}, found ${text(now)}; start again to use it as it is now`,
  );
}
