/** Reads a file (format and path are the arguments) and prints how it ended, what time it took and how far memory rose. */
import { readFileSync } from 'node:fs';
import { UserError } from '../../../src/errors.js';
import { parsePickleWithNumpy } from '../../../src/formats/pickle/numpy.js';
import { parseSafetensors } from '../../../src/formats/safetensors/parse.js';
import { readTorchCheckpoint } from '../../../src/formats/torch/readTorch.js';
import type { Bomb } from './bombs.js';

const parsers: { readonly [F in Bomb['format']]: (bytes: Uint8Array, fileName: string) => unknown } = {
  pickle: parsePickleWithNumpy,
  torch: readTorchCheckpoint,
  safetensors: parseSafetensors,
};
const [format, path] = process.argv.slice(2) as [Bomb['format'], string];
const bytes = readFileSync(path);
const [started, before] = [performance.now(), process.resourceUsage().maxRSS];
let outcome = 'read';
try {
  parsers[format](bytes, 'bomb');
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  outcome = error.message;
}
const milliseconds = performance.now() - started;
const megabytes = (process.resourceUsage().maxRSS - before) / 1024;
console.log(JSON.stringify({ outcome, milliseconds, megabytes }));
