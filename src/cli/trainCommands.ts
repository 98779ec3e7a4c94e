import { fileURLToPath } from 'node:url';
import type { TrainCommands } from '../runs/process/runProcess.js';
import type { Int8Command } from '../studio/server/int8Exports.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** `train` as a process that prints JSON records, for Node.js. */
export const trainCommands: TrainCommands = {
  start: (settings, folder, recipe) =>
    train('--config', settings, '--run-dir', folder, ...(recipe === undefined ? [] : ['--recipe', recipe])),
  resume: (folder, epochs) =>
    train('--resume', folder, ...(epochs === undefined ? [] : ['--epochs', String(epochs)])),
};

/** `export --int8` as a process, for Node.js. */
export const int8Command: Int8Command = (checkpoint, output) => [
  ...[MAIN, 'export', '--checkpoint', checkpoint],
  ...['--to', 'onnx', '--int8', '--output', output],
];

function train(...args: readonly string[]): string[] {
  return [MAIN, 'train', ...args, '--log-format', 'json'];
}
