import type { ArgsOf, CallName, Calls, Report, Request, Response, ResultOf } from './calls.js';
import { packError } from './carriedError.js';
import type { WorkerEnd } from './port.js';
import { buffersIn, post } from './transfer.js';

/** The handler of each call. Arrays that a handler returns are transferred if they fill their buffers. */
export type Handlers<C extends Calls<C>> = {
  readonly [N in CallName<C>]: (args: ArgsOf<C, N>) => ResultOf<C, N> | Promise<ResultOf<C, N>>;
};

/**
 * Answers the calls to a worker, in order.
 *
 * @param atOnce how many run at a time; default 1: each starts when the previous one is done
 */
export function serveCalls<C extends Calls<C>>(end: WorkerEnd, handlers: Handlers<C>, atOnce = 1): void {
  const waiting: Request[] = [];
  let running = 0;
  const startWaiting = (): void => {
    while (running < atOnce && waiting.length > 0) void answer(waiting.shift()!);
  };
  const answer = async (request: Request): Promise<void> => {
    running++;
    await reply(end, handlers, request);
    running--;
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
