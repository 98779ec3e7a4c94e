import { createEngine } from '../../src/engines/createEngine.js';
import { NOT_INSTALLED } from '../../src/engines/onednn/library.js';
import { errorMessage, UserError } from '../../src/errors.js';

/** Whether an engine did not start since oneDNN is not installed; an installed library that fails is another matter. */
export function isMissing(error: unknown): boolean {
  return error instanceof UserError && errorMessage(error).startsWith(NOT_INSTALLED);
}

/**
 * Why tests on oneDNN are skipped, or false.
 *
 * @throws Error when the library is there but the engine does not start
 */
export async function onednnMissing(): Promise<string | false> {
  try {
    await (await createEngine('onednn', { threads: 1 })).close();
    return false;
  } catch (error) {
    if (isMissing(error)) return errorMessage(error);
    throw error;
  }
}
