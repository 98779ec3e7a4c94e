import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { errorMessage, UserError } from '../../../errors.js';
import type { CheckNews, DataFolder, DataOverview } from '../../dataApi.js';
import type { ModelParts } from '../modelApp.js';
import { modelFolderOf } from '../modelFolder.js';
import type { Questions } from '../questions/questions.js';
import { imageCountOf, markRequest, pageOf, partOf, queryOf } from '../requests.js';
import type { DataFolders } from './dataFolders.js';
import { type ImageListing, ImageListings } from './imageListing.js';
import type { MarkedFiles } from './markedFiles.js';
import { thumbnailOf } from './thumbnail.js';

/** What answers about data are made of. */
export interface DataParts extends ModelParts {
  readonly folders: DataFolders;
  readonly marks: MarkedFiles;
  /** Checks of data, which may take long. */
  readonly checks: Questions;
}

/** The studio's answers about data. Who asks has the token. */
export function dataApp({ index, folders, marks, questions, checks }: DataParts): Hono {
  const listings = new ImageListings();
  const app = new Hono();
  const folderOf = (context: Context): string => folders.expect(queryOf(context, 'folder'));
  const listed = (context: Context): Promise<ImageListing> => listings.of(folderOf(context));
  app.get('/folders', (c) => c.json(folders.list() satisfies DataFolder[]));
  app.get('/overview', async (c) => {
    const listing = await listings.fresh(folderOf(c));
    return c.json({ parts: listing.parts, marked: marks.read(listing) } satisfies DataOverview);
  });
  app.get('/images', async (c) => c.json((await listed(c)).page(pageOf(c))));
  app.get('/thumbnail', async (c) => {
    const image = queryOf(c, 'image');
    const contents = await thumbnailOf((await listed(c)).realPathOf(image), image);
    const headers = { 'content-type': 'image/webp', 'cache-control': 'private, max-age=60' };
    return new Response(contents, { headers });
  });
  app.post('/mark', async (c) => {
    const request = await markRequest(c);
    return c.json(await marks.mark(await listed(c), request));
  });
  app.post('/check', (c) => {
    const folder = folderOf(c);
    return checkAnswer(c, checks, folder, marks.existing(folder));
  });
  app.post('/inspect', async (c) => {
    const question = {
      kind: 'inspection',
      folder: modelFolderOf(index, queryOf(c, 'run')),
      part: partOf(c, 'val'),
      images: imageCountOf(c, { unset: 2000, most: 10_000 }),
    } as const;
    return c.json(await questions.ask(question, { signal: c.req.raw.signal }));
  });
  return app;
}

/** Checks a folder, and tells how far it is: a line of JSON each. */
function checkAnswer(
  context: Context,
  checks: Questions,
  folder: string,
  list: string | undefined,
): Response {
  return stream(context, async (lines) => {
    const leaving = new AbortController();
    lines.onAbort(() => leaving.abort());
    const tell = (news: CheckNews): Promise<unknown> => lines.write(`${JSON.stringify(news)}\n`);
    try {
      const onProgress = (done: number, total: number): void => void tell({ done, total });
      const question = { kind: 'check', folder, list } as const;
      await tell({ check: await checks.ask(question, { signal: leaving.signal, onProgress }) });
    } catch (error) {
      await tell({
        error: error instanceof UserError ? error.message : `unexpected error: ${errorMessage(error)}`,
      });
    }
  });
}
