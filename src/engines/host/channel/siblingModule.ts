import { existsSync } from 'node:fs';
import { UserError } from '../../../errors.js';

/**
 * The URL of a module that is started by its file, such as a worker's.
 *
 * @param path relative to the module that starts it
 * @param base that module's `import.meta.url`, which bundles in CommonJS lack
 * @throws UserError naming the file, when a bundler has left it behind
 */
export function siblingModule(path: string, base: string | undefined): URL {
  const advice = 'keep biasloss external when bundling (docs/bundling.md)';
  if (base === undefined)
    throw new UserError(`biasloss cannot find its file ${path} in a bundle in CommonJS: ${advice}`);
  const url = new URL(path, base);
  if (url.protocol === 'file:' && !existsSync(url))
    throw new UserError(`biasloss’ file ${decodeURI(url.pathname)} is missing: ${advice}`);
  return url;
}
