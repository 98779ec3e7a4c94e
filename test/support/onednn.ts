import { createEngine } from '../../src/engines/createEngine.js';
import type { Precision } from '../../src/engines/engine.js';
import { NO_BF16 } from '../../src/engines/onednn/bf16.js';
import { NOT_INSTALLED } from '../../src/engines/onednn/library.js';
import { errorMessage, UserError } from '../../src/errors.js';

/**
 * Whether an engine did not start since oneDNN is not installed, or the processor has no bf16; an installed
 * library that fails is another matter.
 */
export function isMissing(error: unknown): boolean {
  const message = errorMessage(error);
  return error instanceof UserError && [NOT_INSTALLED, NO_BF16].some((reason) => message.startsWith(reason));
}

/**
 * Why tests on oneDNN in a precision are skipped, or false.
 *
 * @throws Error when the library is there but the engine does not start
 */
export async function onednnMissing(precision: Precision = 'f32'): Promise<string | false> {
  try {
    await (await createEngine('onednn', { threads: 1, precision })).close();
    return false;
  } catch (error) {
    if (isMissing(error)) return errorMessage(error);
    throw error;
  }
}
