/** Something in the sources that breaks a rule, or (a warning) comes close. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Path from the repository's root, with slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** A rule was broken. */
export function broken(file: string, line: number, message: string): Finding {
  return { severity: 'error', file, line, message };
}

/** A finding as a line of text. */
export function formatFinding({ severity, file, line, message }: Finding): string {
  return `${file}:${line}: ${severity === 'warning' ? 'warning: ' : ''}${message}`;
}
