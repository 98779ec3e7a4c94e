import { fileURLToPath } from 'node:url';
import type { TrainCommands } from '../studio/server/runProcess.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** `train` as a process that prints JSON records, for Node.js. */
export const trainCommands: TrainCommands = {
  start: (settings, folder) => train('--config', settings, '--run-dir', folder),
  resume: (folder, epochs) =>
    train('--resume', folder, ...(epochs === undefined ? [] : ['--epochs', String(epochs)])),
};

function train(...args: readonly string[]): string[] {
  return [MAIN, 'train', ...args, '--log-format', 'json'];
}
