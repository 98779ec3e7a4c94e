import { fileURLToPath } from 'node:url';
import type { TrainCommands } from '../runs/process/runProcess.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** `train` as a process that prints JSON records, for Node.js. */
export const trainCommands: TrainCommands = {
  start: (settings, folder, recipe) =>
    train('--config', settings, '--run-dir', folder, ...(recipe === undefined ? [] : ['--recipe', recipe])),
  resume: (folder, epochs) =>
    train('--resume', folder, ...(epochs === undefined ? [] : ['--epochs', String(epochs)])),
};

function train(...args: readonly string[]): string[] {
  return [MAIN, 'train', ...args, '--log-format', 'json'];
}
