/**
 * Errors that a person causes and can mend. The command line prints their message as one sentence,
 * without a stack trace, and exits with {@link exitCode}.
 */

/** Bad input or a broken environment: one clear sentence that names the file or value, what was expected and what was found. Exit code 1. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** The process exit code that the command line uses: 1 for a failure, 2 for wrong usage. */
  readonly exitCode: number = 1;
}

/** A wrong flag or argument. Exit code 2. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
