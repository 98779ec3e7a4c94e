import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../../errors.js';
import type { AnswerTo, Question, QuestionNews } from './question.js';

/** Who waits for an answer. */
export interface Waiting {
  /** Ends the process when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Called with how far it is, if the question has progress. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Options of {@link Questions}. */
export interface QuestionOptions {
  /** The script that answers. Default: the package's own. */
  readonly script?: string | undefined;
  /** Milliseconds that an answer, or the next news of its progress, may take. Default: by the question, {@link PATIENCE}. */
  readonly patience?: number | undefined;
}

const SCRIPT = fileURLToPath(new URL('./question.process.js', import.meta.url));

/** Questions that wait, at most. */
const MOST_WAITING = 4;

/** Milliseconds that an answer, or the next news of its progress, may take. */
const PATIENCE: Readonly<Record<Question['kind'], number>> = {
  variances: 180_000,
  inspection: 1_800_000,
  check: 180_000,
};

/** Questions about models and data. One is answered at a time, by a process that ends with it. */
export class Questions {
  private readonly script: string;
  private readonly patience: number | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private child: ChildProcess | undefined;
  private isClosed = false;

  constructor({ script = SCRIPT, patience }: QuestionOptions = {}) {
    this.script = script;
    this.patience = patience;
  }

  /**
   * The answer to a question.
   *
   * @throws UserError when there is none, too many questions wait, or it takes too long
   */
  async ask<K extends Question['kind']>(
    question: Extract<Question, { readonly kind: K }>,
    waiting: Waiting,
  ): Promise<AnswerTo[K]> {
    if (this.waiting > MOST_WAITING)
      throw new UserError('the studio has other questions to answer: try again when they are done');
    this.waiting++;
    const answer = this.last.then(() => this.answer<AnswerTo[K]>(question, waiting));
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

  private answer<T>(question: Question, { signal, onProgress }: Waiting): Promise<T> {
    if (this.isClosed || signal.aborted) throw new UserError('nobody waits for the answer');
    // What engines print belongs to the terminal's errors; standard output is the studio's.
    const child = fork(this.script, [JSON.stringify(question)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.child = child;
    const patience = this.patience ?? PATIENCE[question.kind];
    return new Promise((resolve, reject) => {
      let last: { readonly answer: T } | { readonly problem: string } | undefined;
      let reason: string | undefined;
      const end = (why: string): void => {
        reason = why;
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => end(`the answer took longer than ${secondsText(patience)}`), patience);
      const leave = (): void => end('nobody waits for the answer');
      signal.addEventListener('abort', leave);
      child.on('message', (message) => {
        const news = message as QuestionNews<T>;
        if (!('done' in news)) last = news;
        else {
          timer.refresh();
          onProgress?.(news.done, news.total);
        }
      });
      child.on('error', (error) => end(`the process cannot be started: ${error.message}`));
      child.on('close', (code, killed) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        this.child = undefined;
        if (last && 'answer' in last) resolve(last.answer);
        else reject(new UserError(last?.problem ?? reason ?? endText(code, killed)));
      });
    });
  }
}

function secondsText(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} seconds`;
}

function endText(code: number | null, signal: NodeJS.Signals | null): string {
  return `the process of the answer ended with ${signal === null ? `exit code ${code}` : signal}: see the studio's terminal`;
}
