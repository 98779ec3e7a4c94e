import { UserError } from '../../../errors.js';
import { zipChunks } from '../../../formats/zip/writeZip.js';
import { type PageContents, type PageFiles, pageFilesOf } from '../../pageFiles.js';

/**
 * A folder with a page that classifies images with a model, as a ZIP file.
 *
 * @throws UserError when a file of the site is missing
 */
export async function pageArchive(contents: PageContents): Promise<Uint8Array[]> {
  const list = new TextDecoder().decode(await contentsOf('page/files.json'));
  const { page, runtime } = JSON.parse(list) as PageFiles;
  const fetched = [
    ...page.map((name) => ({ name, from: `page/${name}` })),
    ...runtime.map((name) => ({ name: `ort/${name}`, from: `ort/${name}` })),
  ];
  const files = await Promise.all(
    fetched.map(async ({ name, from }) => ({ name, data: await contentsOf(from) })),
  );
  return zipChunks([...files, ...pageFilesOf(contents).map(([name, data]) => ({ name, data }))]);
}

async function contentsOf(path: string): Promise<Uint8Array> {
  const response = await fetch(path);
  if (!response.ok) throw new UserError(`the site has no ${path}: the page cannot be made`);
  return new Uint8Array(await response.arrayBuffer());
}
