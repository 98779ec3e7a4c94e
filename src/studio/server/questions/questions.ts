import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.js';
import type { VarianceFigures } from '../api.js';
import { fileInside } from './insideFolder.js';

/** What the process of a question says. */
export type ModelAnswer = { readonly figures: VarianceFigures } | { readonly problem: string };

/** Options of {@link ModelQuestions}. */
export interface QuestionOptions {
  /** The script that answers. Default: the package's own. */
  readonly script?: string | undefined;
  /** Milliseconds that an answer may take. Default 3 minutes. */
  readonly patience?: number | undefined;
}

const SCRIPT = fileURLToPath(new URL('./variances.process.js', import.meta.url));

/** Questions that wait, at most. */
const MOST_WAITING = 4;

/** Files that a model is read from. */
const CHECKPOINTS = ['best.safetensors', 'last.safetensors'];

/** Questions about runs' models. One is answered at a time, by a process that ends with it. */
export class ModelQuestions {
  private readonly script: string;
  private readonly patience: number;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private child: ChildProcess | undefined;
  private isClosed = false;

  constructor({ script = SCRIPT, patience = 180_000 }: QuestionOptions = {}) {
    this.script = script;
    this.patience = patience;
  }

  /**
   * Variances, losses and thumbnails of some test images of a run.
   *
   * @param folder the run's
   * @param signal ends the evaluation when nobody waits for it any more
   * @throws UserError when the model cannot be evaluated, too many questions wait, or it takes too long
   */
  async variances(folder: string, images: number, signal: AbortSignal): Promise<VarianceFigures> {
    for (const name of CHECKPOINTS) fileInside(folder, name);
    if (this.waiting > MOST_WAITING)
      throw new UserError('other models are being evaluated: try again when they are done');
    this.waiting++;
    const answer = this.last.then(() => this.ask([folder, String(images)], signal));
    this.last = answer.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await answer;
    } finally {
      this.waiting--;
    }
  }

  /** Ends the process of the question that is being answered. */
  close(): void {
    this.isClosed = true;
    this.child?.kill('SIGKILL');
  }

  private ask(args: readonly string[], signal: AbortSignal): Promise<VarianceFigures> {
    if (this.isClosed || signal.aborted) throw new UserError('nobody waits for the answer');
    // What engines print belongs to the terminal's errors; standard output is the studio's.
    const child = fork(this.script, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child = child;
    return new Promise((resolve, reject) => {
      let answer: ModelAnswer | undefined;
      let reason: string | undefined;
      const end = (why: string): void => {
        reason = why;
        child.kill('SIGKILL');
      };
      const seconds = Math.round(this.patience / 1000);
      const timer = setTimeout(() => end(`evaluating took longer than ${seconds} seconds`), this.patience);
      const leave = (): void => end('nobody waits for the answer');
      signal.addEventListener('abort', leave);
      child.on('message', (message) => {
        answer = message as ModelAnswer;
      });
      child.on('error', (error) => end(`the process cannot be started: ${error.message}`));
      child.on('close', (code, killed) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        this.child = undefined;
        if (answer && 'figures' in answer) resolve(answer.figures);
        else reject(new UserError(answer?.problem ?? reason ?? endText(code, killed)));
      });
    });
  }
}

function endText(code: number | null, signal: NodeJS.Signals | null): string {
  return `evaluating ended with ${signal === null ? `exit code ${code}` : signal}: see the studio's terminal`;
}
