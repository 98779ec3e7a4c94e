import { isError } from './realms.js';
/**
 * Errors that users cause and can fix. The command line prints their message as one sentence,
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
  override readonly name: string = 'UsageError';
  override readonly exitCode: number = 2;
}

/** Name of a setting where it was given: a flag, a key of a file, a property. */
export type NameOfSetting = (key: string) => string;

/** Text that names settings, given the name of each. */
export type SettingText = (name: NameOfSetting) => string;

/** A text in which settings have the names of their keys. */
export function withKeys(text: SettingText): string {
  return text((key) => key);
}

/**
 * Takes notices, a sentence each.
 *
 * @param text names settings by their keys
 * @param named the same with other names for the settings, such as flags
 */
export type NoticeListener = (text: string, named: SettingText) => void;

/**
 * Settings that are wrong, missing or contradict each other. The message names them by their keys; a caller that
 * knows how they were given uses {@link named} for other names.
 */
export class SettingError extends UsageError {
  override readonly name = 'SettingError';
  override readonly exitCode: number;

  /**
   * @param sentence the message, given the name of each setting
   * @param exitCode 2 (default) for wrong settings, 1 if something else failed that other settings would fix
   */
  constructor(
    private readonly sentence: SettingText,
    exitCode = 2,
  ) {
    super(withKeys(sentence));
    this.exitCode = exitCode;
  }

  /** The same error with other names for the settings, such as flags. */
  named(name: NameOfSetting): SettingError {
    const text = this.sentence(name);
    return new SettingError(() => text, this.exitCode);
  }
}

/** A file that could not be written, such as on a full disk. */
export class WriteError extends UserError {
  override readonly name = 'WriteError';

  constructor(path: string, cause: unknown) {
    super(`${path} cannot be written: ${errorMessage(cause)}`);
  }
}

/** An image that cannot be read or decoded: the others may be used without it. */
export class ImageError extends UserError {
  override readonly name = 'ImageError';
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
