import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { activePrefixes, type Environment } from '../../../engines/systemLibraries/folders.js';
import { errorMessage, UserError } from '../../../errors.js';

/** Environment variable that names the library file, before any other place; `off`: JPEGs are decoded without it. */
const LIBRARY_VARIABLE = 'BIASLOSS_TURBOJPEG';

/** A loaded TurboJPEG library. */
export interface TurboJpegLibrary {
  readonly handle: LibraryHandle;
  /** The name or path that it was found under. */
  readonly path: string;
  /** Version of its interface. */
  readonly major: 2 | 3;
}

/** The library, or why there is none. */
export type FoundTurboJpeg = TurboJpegLibrary | { readonly reason: string };

/**
 * Finds and loads libjpeg-turbo's TurboJPEG library.
 *
 * @param environment where `BIASLOSS_TURBOJPEG` may name the file
 * @throws UserError when the file that is named cannot be used
 */
export function findTurboJpeg(environment: Environment = process.env): FoundTurboJpeg {
  const named = environment[LIBRARY_VARIABLE];
  if (named === 'off') return { reason: `${LIBRARY_VARIABLE} is off` };
  if (named) return openNamed(named);
  let broken: string | undefined;
  for (const path of libraryPaths(process.platform, environment)) {
    try {
      return open(path);
    } catch (error) {
      if (existsSync(path)) broken ??= `${path} is there but cannot be used: ${errorMessage(error)}`;
    }
  }
  return { reason: broken ?? 'not found' };
}

function openNamed(path: string): TurboJpegLibrary {
  if (/[\\/]/.test(path) && !existsSync(path))
    throw new UserError(`${LIBRARY_VARIABLE} names ${path}, which does not exist`);
  try {
    return open(path);
  } catch (error) {
    throw new UserError(`${LIBRARY_VARIABLE} names ${path}, which cannot be used: ${errorMessage(error)}`);
  }
}

/** @throws Error when the library does not load, or is older than version 2 */
function open(path: string): TurboJpegLibrary {
  const handle = loadKoffi().load(path);
  const isUsable = ['tjGetErrorCode', 'tjDecompressHeader3', 'tjDecompress2'].every((name) =>
    has(handle, name),
  );
  if (!isUsable) throw new Error('it is not TurboJPEG 2 or 3');
  return { handle, path, major: has(handle, 'tj3Init') ? 3 : 2 };
}

/** Loaded where it is needed, as sharp is: most programs load no images. */
function loadKoffi(): typeof koffi {
  return createRequire(import.meta.url)('koffi') as typeof koffi;
}

function has(handle: LibraryHandle, name: string): boolean {
  try {
    handle.func(`int ${name}(int)`);
    return true;
  } catch {
    return false;
  }
}

/** Names for the system's own loader, then files in the activated environments of Python or conda and in the usual folders. */
function libraryPaths(platform: NodeJS.Platform, environment: Environment): string[] {
  const below = (folder: string, name: string): string[] =>
    activePrefixes(environment).map((prefix) => join(prefix, folder, name));
  if (platform === 'win32') {
    const { VCPKG_ROOT } = environment;
    const vcpkg = VCPKG_ROOT ? [join(VCPKG_ROOT, 'installed', 'x64-windows', 'bin', 'turbojpeg.dll')] : [];
    const own = 'C:\\libjpeg-turbo64\\bin\\turbojpeg.dll';
    return ['turbojpeg.dll', ...below('Library\\bin', 'turbojpeg.dll'), own, ...vcpkg];
  }
  if (platform === 'darwin') {
    const name = 'libturbojpeg.dylib';
    const folders = ['/opt/homebrew', '/usr/local'].flatMap((root) => [
      `${root}/lib`,
      `${root}/opt/jpeg-turbo/lib`,
    ]);
    return [name, ...below('lib', name), ...[...folders, '/opt/local/lib'].map((each) => join(each, name))];
  }
  const name = 'libturbojpeg.so.0';
  return [name, ...below('lib', name), join('/opt/libjpeg-turbo/lib64', name)];
}
