/** Folders and files that operating systems, viewers and archivers leave among images, in lower case. */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  '__macosx',
  '@eadir',
  '#recycle',
  '$recycle.bin',
  'lost+found',
  'system volume information',
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
]);

/** Whether a file or folder of this name is hidden (`.git`, `._x.jpg`, `.ipynb_checkpoints`) or a system file. */
export function isSystemName(name: string): boolean {
  return name.startsWith('.') || SYSTEM_NAMES.has(name.toLowerCase());
}
