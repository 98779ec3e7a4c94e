import { CommanderError } from 'commander';
import { errorMessage, SettingError, UserError } from '../errors.js';
import { isError } from '../realms.js';
import { normaliseFlags } from './argv.js';
import { buildProgram } from './commands.js';
import { flagOf } from './flagNames.js';
import { withDataFlags, withMeantFlag } from './foreignFlags.js';
import { lackOf } from './lacking.js';
import { Interrupted, printError, printNotice, printStack, setNoticeFormat, watchOutput } from './output.js';

/**
 * Runs the command line; sets the process's exit code.
 *
 * @param args the arguments, without the program's name
 */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const argv = normaliseFlags(args);
  const debug = argv.includes('--debug');
  const isJson = asksForJson(argv);
  if (isJson) setNoticeFormat('json');
  watchOutput((lost) => process.exit(lost.isQuiet ? undefined : report(lost, debug)));
  try {
    checkWorkingDirectory();
    const words = argv.filter((argument) => argument !== '--debug');
    const program = await buildProgram(words.slice(0, 2));
    for (const command of [program, ...program.commands])
      command.configureOutput({
        outputError: (text, write) => {
          const meant = withDataFlags(withMeantFlag(text, command, words), command);
          // Help is not an error and stays text.
          if (isJson) printError(sentenceOf(meant), 2);
          else write(meant);
        },
      });
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, debug);
  }
}

/** Whether the output is to be JSON, as far as is known before the flags are parsed. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  return flags.includes('--log-format=json') || flags[flags.indexOf('--log-format') + 1] === 'json';
}

/** Commander's message in one line, without its prefix. */
function sentenceOf(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ');
}

function checkWorkingDirectory(): void {
  try {
    process.cwd();
  } catch {
    throw new UserError('the working directory no longer exists: change to another one');
  }
}

/** Exit code of an error, after it has been printed. */
function report(error: unknown, debug: boolean): number {
  // Its message has been printed.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const exitCode = error instanceof UserError ? error.exitCode : 1;
  const message = error instanceof SettingError ? error.named(flagOf).message : errorMessage(error);
  const lack = lackOf(error);
  if (error instanceof Interrupted) {
    // Some have said all before they threw.
    if (message !== '') printNotice(message);
  } else if (lack !== undefined) printError(lack, exitCode);
  else printError(message, exitCode, error instanceof UserError ? 'error: ' : 'unexpected error: ');
  if (debug && isError(error)) printStack(error.stack ?? '');
  return exitCode;
}
