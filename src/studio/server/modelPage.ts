import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorMessage, UserError } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import { writeFileAtomically } from '../../runs/atomicFile.js';
import { PAGE_MARKER, type PageContents, type PageFiles, pageFilesOf } from '../pageFiles.js';
import { SITE_FOLDER } from './siteFiles.js';
import { findWebRuntime, packagedName } from './webRuntime.js';

/** Files that a page of an older version has, all of them, which has no marker. */
const UNMARKED = ['model.onnx', 'gradcam.onnx', 'model.labels.json', 'index.html', 'ort/ort.wasm.min.mjs'];

/** Where everything is that a page needs; found before a model is exported for it. */
export interface PageSources {
  /** Folder of the built page. */
  readonly page: string;
  /** Folder of onnxruntime-web's files. */
  readonly runtime: string;
}

/**
 * Finds what a page is made of.
 *
 * @param places as those of {@link findWebRuntime}
 * @param site folder of the studio's built page. Default: the package's own
 * @throws UserError when the page is not built, or onnxruntime-web is not installed
 */
export function findPageSources(places?: readonly string[], site = SITE_FOLDER): PageSources {
  const page = join(site, 'page');
  if (!existsSync(join(page, 'files.json')))
    throw new UserError(
      'the page for models is not built: run npm run build:web in the checkout of biasloss',
    );
  const runtime = findWebRuntime(places);
  if (runtime === undefined)
    throw new UserError(
      'a page needs the files of onnxruntime-web, which is not installed: npm i onnxruntime-web',
    );
  return { page, runtime };
}

/**
 * Refuses a folder that has something else in it than such a page.
 *
 * @throws UserError when it is a file, or has other files
 */
export function expectPageFolder(folder: string): void {
  if (!existsSync(folder) || isPage(folder)) return;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new UserError(`${folder} cannot be used as a folder: ${errorMessage(error)}`);
  }
  if (names.length > 0) throw new UserError(`the folder ${folder} is not empty and is no exported page`);
}

function isPage(folder: string): boolean {
  const has = (name: string): boolean => existsSync(join(folder, name));
  return has(PAGE_MARKER) || UNMARKED.every(has);
}

/**
 * Writes a folder that any web server can serve: a page that classifies images with a model.
 *
 * @returns the folder's bytes
 * @throws UserError when a file cannot be written
 */
export async function writeModelPage(
  folder: string,
  { page, runtime }: PageSources,
  contents: PageContents,
): Promise<number> {
  const files = JSON.parse(readFileSync(join(page, 'files.json'), 'utf8')) as PageFiles;
  const copied = [
    ...files.page.map((name) => ({ name, from: join(page, name) })),
    ...files.runtime.map((name) => ({ name: `ort/${name}`, from: join(runtime, packagedName(name)) })),
  ];
  const written = pageFilesOf(contents);
  make(folder);
  // The marker comes first: what fails half-way can be written again.
  for (const [name, data] of written) await writeFileAtomically(join(folder, name), [data]);
  for (const { name, from } of copied) copy(from, join(folder, name));
  const sizes = [
    ...copied.map(({ from }) => statSync(from).size),
    ...written.map(([, { length }]) => length),
  ];
  return sizes.reduce((total, size) => total + size, 0);
}

function make(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new UserError(`${folder} cannot be made: ${errorMessage(error)}`);
  }
}

function copy(from: string, to: string): void {
  make(dirname(to));
  try {
    copyFileSync(from, to);
  } catch (error) {
    throw new UserError(`${to} cannot be written: ${errorMessage(error)}`);
  }
}
