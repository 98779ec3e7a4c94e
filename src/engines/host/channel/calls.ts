import type { CarriedError } from './carriedError.js';

/**
 * Calls from one thread to another: an interface of functions of one argument, from which both sides of a channel
 * take their types. Arguments and results are structured-cloned.
 */
export type Calls<C> = { readonly [N in keyof C]: (args: never) => unknown };

/** Name of a call. */
export type CallName<C> = keyof C & string;

/** The argument of a call. */
export type ArgsOf<C extends Calls<C>, N extends CallName<C>> = Parameters<C[N]>[0];

/** The result of a call. */
export type ResultOf<C extends Calls<C>, N extends CallName<C>> = Awaited<ReturnType<C[N]>>;

/** A message to the side that answers. */
export interface Request {
  readonly id: number;
  readonly call: string;
  readonly args: unknown;
}

/** What a worker says on its own, such as how far it is with a request. */
export interface Report {
  readonly report: unknown;
}

/** The answer to the request of the same id. */
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: CarriedError };
