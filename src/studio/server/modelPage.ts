import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorMessage, UserError } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import { writeFileAtomically } from '../../runs/atomicFile.js';
import type { PageFiles, PageLabels } from '../modelAbout.js';
import { SITE_FOLDER } from './siteFiles.js';
import { findWebRuntime } from './webRuntime.js';

/** What a model's page is made of besides its scripts. */
export interface PageContents {
  /** As ONNX. */
  readonly model: Uint8Array;
  /** Its Grad-CAM as ONNX. */
  readonly heatModel: Uint8Array;
  readonly labels: PageLabels;
}

/** A file that a folder with a model's page has, and that tells it from other folders. */
const LABELS = 'model.labels.json';

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
  if (!existsSync(folder) || existsSync(join(folder, LABELS))) return;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new UserError(`${folder} cannot be used as a folder: ${errorMessage(error)}`);
  }
  if (names.length > 0) throw new UserError(`the folder ${folder} is not empty and is no exported page`);
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
  { model, heatModel, labels }: PageContents,
): Promise<number> {
  const files = JSON.parse(readFileSync(join(page, 'files.json'), 'utf8')) as PageFiles;
  const copied = [
    ...files.page.map((name) => ({ name, from: join(page, name) })),
    ...files.runtime.map((name) => ({ name: `ort/${name}`, from: join(runtime, name) })),
  ];
  const written: [string, Uint8Array][] = [
    ['model.onnx', model],
    ['gradcam.onnx', heatModel],
    [LABELS, Buffer.from(`${JSON.stringify(labels, null, 2)}\n`)],
  ];
  for (const { name, from } of copied) copy(from, join(folder, name));
  for (const [name, contents] of written) await writeFileAtomically(join(folder, name), [contents]);
  const sizes = [
    ...copied.map(({ from }) => statSync(from).size),
    ...written.map(([, { length }]) => length),
  ];
  return sizes.reduce((total, size) => total + size, 0);
}

function copy(from: string, to: string): void {
  try {
    makeFolder(dirname(to));
    copyFileSync(from, to);
  } catch (error) {
    throw new UserError(`${to} cannot be written: ${errorMessage(error)}`);
  }
}
