/**
 * Flags of the published Python scripts whose names here differ by more than underscores. Its
 * `--pretrained` is a switch, whose file `--chkp_path` names.
 */
const PUBLISHED: Readonly<Record<string, string>> = {
  '--chkp-path': '--pretrained',
  '--chkp-dir': '--run-dir',
};

const FLAG = /^(--[a-z][a-z0-9_-]*)(=.*)?$/;

/** Rewrites `--base_lr` as `--base-lr` and the published scripts' own names as ours; values are left alone. */
export function normaliseFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  const isSwitch = (argument: string, next: string | undefined): boolean =>
    argument === '--pretrained' && (next === undefined || next.startsWith('--'));
  const renamed = flags.map(rename);
  const kept = flags.some((flag) => /^--chkp[_-]path\b/.test(flag))
    ? renamed.filter((argument, i) => !isSwitch(argument, renamed[i + 1]))
    : renamed;
  return [...kept, ...argv.slice(flags.length)];
}

function rename(argument: string): string {
  const match = FLAG.exec(argument);
  if (!match) return argument;
  const flag = match[1]!.replaceAll('_', '-');
  return (PUBLISHED[flag] ?? flag) + (match[2] ?? '');
}
