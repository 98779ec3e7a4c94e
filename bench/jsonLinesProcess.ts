import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ErrorReply, Request } from './protocol.js';

/** How to start a process. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** How much of the process's stderr an error quotes. */
const QUOTED_CHARACTERS = 2000;

/** A child process that answers each request line on its stdin with one line on its stdout. */
export class JsonLinesProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private waiting: Waiting | undefined;
  private failure: Error | undefined;
  private stderr = '';

  constructor(private readonly command: Command) {
    this.child = spawn(command.file, [...command.args], {
      env: { ...process.env, ...command.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-QUOTED_CHARACTERS);
    });
    // A write to a process that has died fails here and as its exit; the exit says more.
    this.child.stdin!.on('error', () => undefined);
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.settle()?.resolve(line));
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => this.fail(`cannot start ${command.file}: ${error.message}`, resolve));
      this.child.on('close', (code, signal) =>
        this.fail(`${command.file} ended with ${signal ?? `code ${code}`}: ${this.stderr.trim()}`, resolve),
      );
    });
  }

  /**
   * Sends a request and waits for its answer; one at a time.
   *
   * @throws Error with the process's own words where it answers with an error or ends
   */
  async ask<Reply extends object>(request: Request): Promise<Reply> {
    if (this.failure) throw this.failure;
    if (this.waiting) throw new Error(`${this.command.file} is still busy with the last request`);
    const line = await new Promise<string>((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    });
    const reply: Reply | ErrorReply = JSON.parse(line);
    if ('error' in reply) throw new Error(reply.error);
    return reply;
  }

  /** Asks the process to quit and waits until it has ended. */
  async close(): Promise<void> {
    if (!this.failure) this.child.stdin!.end(`${JSON.stringify({ cmd: 'quit' } satisfies Request)}\n`);
    await this.exited;
  }

  private settle(): Waiting | undefined {
    const waiting = this.waiting;
    this.waiting = undefined;
    return waiting;
  }

  private fail(message: string, ended: () => void): void {
    this.failure ??= new Error(message);
    this.settle()?.reject(this.failure);
    ended();
  }
}
