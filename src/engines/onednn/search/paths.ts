import { posix, win32 } from 'node:path';
import { activePrefixes, type Environment, entries } from '../../systemLibraries/folders.js';

/** Where to search. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly environment: Environment;
  /** Prefixes of a Python whose environment is not activated; asked for when nothing else is left. */
  readonly pythonPrefixes: () => readonly string[];
  /** Names in a folder (default: read from the disk). */
  readonly list?: (folder: string) => readonly string[];
}

/** How a platform names the library and where it keeps libraries. */
interface Platform {
  /** For the system's own loader, the preferred first. */
  readonly names: readonly string[];
  /** A library file's name, whose first group is the version, where it says one. */
  readonly file: RegExp;
  readonly folders: (environment: Environment) => readonly string[];
  /** Of an environment of Python or conda, below its prefix. */
  readonly ofPrefix: readonly string[];
}

const linuxFolders = [
  '/usr/local/lib',
  '/opt/intel/oneapi/dnnl/latest/lib',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
];

/** Homebrew's on Apple's processors and on Intel's, MacPorts'. */
const macFolders = ['/opt/homebrew/lib', '/opt/homebrew/opt/onednn/lib', '/usr/local/lib', '/opt/local/lib'];

/** oneAPI's and vcpkg's. */
function windowsFolders({ VCPKG_ROOT, ProgramFiles }: Environment): string[] {
  const programs = [`${ProgramFiles ?? 'C:\\Program Files'} (x86)`, ProgramFiles ?? 'C:\\Program Files'];
  return [
    ...programs.map((folder) => `${folder}\\Intel\\oneAPI\\dnnl\\latest\\bin`),
    ...(VCPKG_ROOT ? [`${VCPKG_ROOT}\\installed\\x64-windows\\bin`] : []),
  ];
}

const platforms: Readonly<Record<string, Platform>> = {
  linux: {
    // Upstream's names, and version 3's in Debian.
    names: ['libdnnl.so.2', 'libdnnl.so.3', 'libdnnl.so.3.6'],
    file: /^libdnnl\.so(?:\.([\d.]+))?$/,
    folders: () => linuxFolders,
    ofPrefix: ['lib'],
  },
  darwin: {
    names: ['libdnnl.2.dylib', 'libdnnl.3.dylib'],
    file: /^libdnnl(?:\.([\d.]+))?\.dylib$/,
    folders: () => macFolders,
    ofPrefix: ['lib'],
  },
  win32: {
    names: ['dnnl.dll'],
    file: /^dnnl\.dll$/i,
    folders: windowsFolders,
    ofPrefix: ['Library\\bin', 'bin'],
  },
};

/** Majors of the library, the preferred first: version 2 has Winograd's convolutions. Files without a version come last. */
const PREFERENCE = ['2', '3', undefined];

/**
 * Names and paths of the library, in the order in which they are tried: what the system's loader finds; then version 2
 * before 3 in the activated environments of Python or conda and in the usual folders; then what a Python that is not activated has.
 */
export function* libraryPaths(place: Place): Generator<string> {
  const platform = platforms[place.platform];
  if (!platform) return;
  yield* platform.names;
  const prefixes = activePrefixes(place.environment);
  const known = [...belowPrefixes(prefixes, place.platform), ...platform.folders(place.environment)];
  yield* filesIn(known, platform, place);
  const others = place.pythonPrefixes().filter((prefix) => !prefixes.includes(prefix));
  yield* filesIn(belowPrefixes(others, place.platform), platform, place);
}

/** The name that a message about a missing library has. */
export function usualName(platform: NodeJS.Platform): string {
  return platforms[platform]?.names[0] ?? 'dnnl library';
}

function join(platform: NodeJS.Platform, ...parts: readonly string[]): string {
  return platform === 'win32' ? win32.join(...parts) : posix.join(...parts);
}

function belowPrefixes(prefixes: readonly string[], platform: NodeJS.Platform): string[] {
  return prefixes.flatMap((prefix) =>
    (platforms[platform]?.ofPrefix ?? []).map((folder) => join(platform, prefix, folder)),
  );
}

/** Files of the library in some folders: version 2 first, of one major the newest; of equal ones the first folder's. */
function filesIn(
  folders: readonly string[],
  { file }: Platform,
  { platform, list = entries }: Place,
): string[] {
  const found = [...new Set(folders)].flatMap((folder) =>
    list(folder).flatMap((name) => {
      const match = file.exec(name);
      return match ? { path: join(platform, folder, name), version: match[1] } : [];
    }),
  );
  const majorOf = (version: string | undefined): string | undefined => version?.split('.')[0];
  return PREFERENCE.flatMap((major) =>
    found
      .filter(({ version }) => majorOf(version) === major)
      .sort((a, b) => (b.version ?? '').localeCompare(a.version ?? '', 'en', { numeric: true }))
      .map(({ path }) => path),
  );
}
