import type { CarriedError } from './carriedError.js';

/**
 * What one thread can ask of another: an interface of functions of one argument, from which both sides of a channel
 * take their types. An argument is structured-cloned on its way, and so is a result.
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

/** The answer to the request of the same id. */
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: CarriedError };
