import { type ChildProcess, spawn } from 'node:child_process';
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { Int8Report } from '../api.js';
import { fileInside } from './insideFolder.js';

/** How a model is written in 8-bit integers: arguments of Node.js for a process that prints what that changes. */
export type Int8Command = (checkpoint: string, output: string) => readonly string[];

/** A checkpoint in a run's folder. */
export interface CheckpointFile {
  /** The run's folder. */
  readonly folder: string;
  /** `best.safetensors` or `last.safetensors`. */
  readonly name: string;
}

/** The name of a checkpoint's model in 8-bit integers. */
export function int8NameOf({ name }: CheckpointFile): string {
  return name.replace(/\.safetensors$/, '.int8.onnx');
}

/**
 * The name of a checkpoint's model in 8-bit integers, which is there and up to date.
 *
 * @throws UserError when it is missing or older than the checkpoint, or a symbolic link leads out of the run's folder
 */
export function expectInt8(file: CheckpointFile): string {
  const name = int8NameOf(file);
  const [path, checkpoint] = [fileInside(file.folder, name), fileInside(file.folder, file.name)];
  if (path === undefined) throw new UserError(`the run has no ${name}: it has not been exported`);
  if (checkpoint !== undefined && statSync(path).mtimeMs < statSync(checkpoint).mtimeMs)
    throw new UserError(`${name} is older than ${file.name}: export it again`);
  return name;
}

/** Exports of models in 8-bit integers, one at a time, each by a process of its own. */
export class Int8Exports {
  private child: ChildProcess | undefined;

  constructor(private readonly command: Int8Command) {}

  /**
   * Writes a checkpoint's model in 8-bit integers beside it, calibrated on the run's training images.
   *
   * @param signal ends the process when nobody waits for it any more
   * @returns what that changes, as the process says
   * @throws UserError when it fails, or another one is being exported
   */
  make(file: CheckpointFile, signal: AbortSignal): Promise<Int8Report> {
    if (this.child) throw new UserError('another model is being exported: try again when it is done');
    const [checkpoint, output] = [file.name, int8NameOf(file)].map((name) => join(file.folder, name));
    const args = this.command(checkpoint!, output!);
    const { mtimeMs } = statSync(checkpoint!);
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
    this.child = child;
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    const ended = new Promise<number | null>((resolve) => {
      child.on('error', () => undefined);
      child.on('close', resolve);
    });
    return ended.then((code) => {
      this.child = undefined;
      if (code !== 0)
        throw new UserError(signal.aborted ? 'nobody waits for the model' : reasonIn(said.stderr));
      // A checkpoint that the run has replaced meanwhile is newer.
      setTime(output!, mtimeMs);
      return { text: said.stdout.trimEnd() };
    });
  }

  /** Ends the process that is exporting. */
  close(): void {
    this.child?.kill('SIGKILL');
  }
}

/** Gives a file a time, in milliseconds; not an earlier one where files' times are finer. */
function setTime(path: string, time: number): void {
  const date = new Date(Math.ceil(time));
  utimesSync(path, date, date);
}

/** The sentence of what went wrong, which is printed last. */
function reasonIn(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return last.replace(/^error: /, '') || 'the export ended without a reason';
}
