import { errorMessage, UserError } from '../errors.js';

/** In place of bytes of a name that are not UTF-8; the file is not found by such a name. */
const REPLACED = '\ufffd';

/**
 * Why a file or folder cannot be read, in a sentence.
 *
 * @param name the path, or what else it is called
 */
export function unreadable(name: string, error: unknown): UserError {
  const cause = name.includes(REPLACED) ? 'its name is not UTF-8, so rename it' : errorMessage(error);
  return new UserError(`${name} cannot be read: ${cause}`);
}
