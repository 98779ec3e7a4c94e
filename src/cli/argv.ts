/** Flags of the published Python scripts that are not just this command's with underscores. */
const PUBLISHED: Readonly<Record<string, string>> = {
  '--chkp-path': '--resume',
  '--chkp-dir': '--run-dir',
  '--accuracies-dir': '--accuracies-dir',
};

/** Rewrites `--base_lr` as `--base-lr` and the published scripts' own names as ours; values are left alone. */
export function normaliseFlags(argv: readonly string[]): string[] {
  return argv.map((argument) => {
    const match = /^(--[a-z][a-z0-9_-]*)(=.*)?$/.exec(argument);
    if (!match) return argument;
    const flag = match[1]!.replaceAll('_', '-');
    return (PUBLISHED[flag] ?? flag) + (match[2] ?? '');
  });
}
