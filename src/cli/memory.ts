import { errorMessage } from '../errors.js';

/** What the JavaScript engine, ONNX Runtime and C++ say when memory cannot be had. */
const WORDS =
  /Array buffer allocation failed|Invalid (typed )?array( buffer)? length|Failed to allocate memory|bad_alloc|bad allocation/i;

/** Whether an error says that there is not enough memory. */
export function isOutOfMemory(error: unknown): boolean {
  return WORDS.test(errorMessage(error));
}
