/** What a rank's shell says of a rank that has failed. */
export interface EndNotice {
  readonly rank: number;
  readonly host: string;
  /** Its exit code; 128 and the signal's number where one has ended it. */
  readonly code: number;
  /** Whether a signal has ended it. */
  readonly killed: boolean;
}

/** What a notice begins with: no text that is meant to be read does. */
const MARK = '\x1e';

/**
 * Runs a rank, whose command is the script's arguments, and says so where it fails. Codes of signals by which a training ends of its own accord are its own. The
 * pause lets the line go on its way before Hydra hears of the end: it then kills the others and breaks its own connections, in whichever order, and gives the code
 * of any rank. Signals to the group are the rank's business. Where the rank writes, the shell does not, since it would report the signal, too.
 */
const SCRIPT = `trap : HUP INT QUIT TERM USR1 USR2
exec 3>&2 2>/dev/null
(exec "$@" 2>&3 3>&-)
code=$?
[ $code -eq 0 ] && exit
killed=false
[ $code -gt 128 ] && case $(kill -l $code) in
ABRT|BUS|FPE|ILL|KILL|SEGV|SYS|TRAP) killed=true
esac
printf '\\036{"rank":%d,"host":"%s","code":%d,"killed":%s}\\n' "$PMI_RANK" "$(uname -n)" $code $killed >&3
sleep 0.5
exit $code`;

/**
 * The command of a rank that Hydra starts, run by a shell that stays on its machine and outlives it: Hydra itself names a process by number, and of other machines
 * none.
 */
export function watchedByShell(command: readonly string[]): string[] {
  return ['sh', '-c', SCRIPT, 'sh', ...command];
}

/** The notice in a line of output, if there is one, and the text before it. */
export function noticeIn(line: string): { readonly before: string; readonly notice: EndNotice } | undefined {
  const start = line.indexOf(MARK);
  if (start < 0) return undefined;
  try {
    const notice = JSON.parse(line.slice(start + MARK.length)) as EndNotice;
    return { before: line.slice(0, start), notice };
  } catch {
    // Lines of two ranks may have been mixed.
    return undefined;
  }
}
