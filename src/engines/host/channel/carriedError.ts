import { errorMessage, ImageError, UsageError, UserError } from '../../../errors.js';
import { GraphError } from '../../../graph/tensorType.js';
import { isError } from '../../../realms.js';

/** An error as plain data. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Error classes that keep their identity between threads; others arrive as Error with their name. */
const carriedClasses = { UserError, UsageError, ImageError, GraphError, RangeError, TypeError };

/** Anything that was thrown, as plain data. */
export function packError(error: unknown): CarriedError {
  const known = isError(error);
  return {
    name: known ? error.name : 'Error',
    message: errorMessage(error),
    stack: known ? error.stack : undefined,
  };
}

/** The error that {@link packError} packed, with its class and message, and the stack it had where it was thrown. */
export function unpackError({ name, message, stack }: CarriedError): Error {
  const known = Object.entries(carriedClasses).find(([className]) => className === name)?.[1];
  const error: Error = known ? new known(message) : new Error(message);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name });
  if (stack) error.stack = stack;
  return error;
}
