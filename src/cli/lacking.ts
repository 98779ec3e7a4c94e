import { errorMessage, UserError } from '../errors.js';

/** What the JavaScript engine, ONNX Runtime and C++ say when memory allocation fails. */
const MEMORY =
  /Array buffer allocation failed|Invalid (typed )?array( buffer)? length|Failed to allocate memory|bad_alloc|bad allocation/i;

/** What the system says when a process has as many files open as it may. */
const FILES = /\bEMFILE\b|Too many open files/i;

/** What the machine lacks according to an error, as a sentence; undefined for any other error. */
export function lackOf(error: unknown): string | undefined {
  const message = errorMessage(error);
  if (FILES.test(message))
    return 'this needs more open files than the system allows a process: raise the limit, for example with ulimit -n 1024';
  if (error instanceof UserError || !MEMORY.test(message)) return undefined;
  return 'this needs more memory than there is: a smaller --batch-size needs less';
}
