import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIGITS = 6;

/** A digest of scripts by their names and contents, of a folder and of those in it. */
export function digestOf(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, DIGITS);
}

/**
 * Says which build of this engine it is: plans and kernels of our own decide in which order numbers are added up, and so the last bits
 * of results, whatever version the package has.
 */
export function revision(): string {
  return digestOf(fileURLToPath(new URL('.', import.meta.url)));
}
