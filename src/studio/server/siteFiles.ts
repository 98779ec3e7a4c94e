import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.js';

/** A file of the studio's page. */
export interface SiteFile {
  readonly contents: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
};

/** Where the built page is. */
export const SITE_FOLDER = fileURLToPath(new URL('../site/', import.meta.url));

/**
 * Reads the files of the built page, by their paths in URLs. A request can only ever get one of these.
 *
 * @throws UserError when the page is not built
 */
export function readSite(folder = SITE_FOLDER): Map<string, SiteFile> {
  if (!existsSync(join(folder, 'index.html')))
    throw new UserError("the studio's page is not built: run npm run build:web in the checkout of biasloss");
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) =>
    path.replaceAll('\\', '/'),
  );
  const files = paths.flatMap((path): [string, SiteFile][] => {
    const type = TYPES[extname(path)];
    return type === undefined
      ? []
      : [[`/${path}`, { contents: new Uint8Array(readFileSync(join(folder, path))), type }]];
  });
  return new Map([...files, ['/', files.find(([path]) => path === '/index.html')![1]]]);
}
