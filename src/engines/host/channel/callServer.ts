import type { ArgsOf, CallName, Calls, Report, Request, Response, ResultOf } from './calls.js';
import { packError } from './carriedError.js';
import type { WorkerEnd } from './port.js';
import { buffersIn, post } from './transfer.js';

/** The handler of each call. Arrays that a handler returns are transferred if they fill their buffers. */
export type Handlers<C extends Calls<C>> = {
  readonly [N in CallName<C>]: (args: ArgsOf<C, N>) => ResultOf<C, N> | Promise<ResultOf<C, N>>;
};

/** Whether a call may start while others are in progress, whose names are given in the order of their starts. */
export type MayStart = (call: string, running: readonly string[]) => boolean;

/**
 * Answers the calls to a worker, which start in order.
 *
 * @param mayStart default: each starts when the previous one is done
 */
export function serveCalls<C extends Calls<C>>(
  end: WorkerEnd,
  handlers: Handlers<C>,
  mayStart: MayStart = (_, running) => running.length === 0,
): void {
  const waiting: Request[] = [];
  const running: string[] = [];
  const startWaiting = (): void => {
    while (waiting[0] && mayStart(waiting[0].call, running)) void answer(waiting.shift()!);
  };
  const answer = async (request: Request): Promise<void> => {
    running.push(request.call);
    await reply(end, handlers, request);
    running.splice(running.indexOf(request.call), 1);
    startWaiting();
  };
  end.onMessage((message) => {
    waiting.push(message as Request);
    startWaiting();
  });
}

/** A function that says something to the owner on the worker's own account, also in the middle of a call. */
export function reporter(end: WorkerEnd): (report: unknown) => void {
  return (report) => post(end, { report } satisfies Report, []);
}

async function reply<C extends Calls<C>>(
  end: WorkerEnd,
  handlers: Handlers<C>,
  { id, call, args }: Request,
): Promise<void> {
  try {
    const result = await handlers[call as CallName<C>](args as ArgsOf<C, CallName<C>>);
    post(end, { id, result } satisfies Response, [...buffersIn(result)]);
  } catch (error) {
    post(end, { id, error: packError(error) } satisfies Response, []);
  }
}
