import { UserError } from '../../../errors.js';
import { checksumOf, type ModelFile, type PageLabels } from '../../pageFiles.js';

/** The labels beside the page. @throws Error when they are not there */
export async function fetchLabels(): Promise<PageLabels> {
  return (await (await answer('model.labels.json', 'no-cache')).json()) as PageLabels;
}

/**
 * A model beside the page, of the same export as the labels.
 *
 * @throws Error when it is not there, or is of another export
 */
export async function fetchModel(path: ModelFile, { checksums }: PageLabels): Promise<Uint8Array> {
  const expected = checksums?.[path];
  // What lies between server and page may have kept an older one.
  for (const cache of ['no-cache', 'reload'] as const) {
    const bytes = new Uint8Array(await (await answer(path, cache)).arrayBuffer());
    if (expected === undefined || checksumOf(bytes) === expected) return bytes;
  }
  throw new UserError(
    `${path} is of another export than model.labels.json: reload the page, or copy the whole folder to the server again`,
  );
}

/** @param cache `no-cache` asks the server whether what the browser has kept is still up to date */
async function answer(path: string, cache: 'no-cache' | 'reload'): Promise<Response> {
  // Opened as a file, the page cannot read what lies beside it.
  if (location.protocol === 'file:') throw new UserError('the page must be served by a web server');
  const response = await fetch(path, { cache });
  if (!response.ok) throw new UserError(`${path} is missing beside the page`);
  return response;
}
