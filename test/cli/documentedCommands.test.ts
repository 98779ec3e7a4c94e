/** Every command of the README and of docs/ is one that the command line takes, with its flags and their values. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CommanderError } from 'commander';
import { normaliseFlags } from '../../src/cli/argv.js';
import { buildProgram } from '../../src/cli/commands.js';

const ROOT = new URL('../../../', import.meta.url);

interface Documented {
  readonly page: string;
  readonly line: string;
  readonly args: readonly string[];
}

/** The commands that stand on lines of their own, which may go on after a backslash. */
function commandsIn(page: string): Documented[] {
  const text = readFileSync(new URL(page, ROOT), 'utf8').replaceAll(/\\\n\s*/g, '');
  return text.split('\n').flatMap((line) => {
    const [, command] =
      /^ *(?:[`$] ?)?(?:npx )?biasloss ((?:[a-z]+|find-lr|check-data)(?: .*)?)$/.exec(line) ?? [];
    // Prose that begins with the name, and commands of which a shell makes others.
    if (command === undefined || !isCommand(command) || /\$\(|`/.test(command)) return [];
    return [{ page, line: line.trim(), args: wordsOf(command.replace(/ +# .*$/, '')) }];
  });
}

const NAMES = (await buildProgram([])).commands.map((command) => command.name());

const isCommand = (text: string): boolean => NAMES.includes(text.split(' ')[0]!);

/** The words of a shell's line; letters and names in capitals stand for what the reader puts there. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!);
  return words.filter((word, i) => !/^[A-Z]$/.test(word) && !/^[A-Z]$/.test(words[i + 1] ?? ''));
}

/** Parses the arguments, and does nothing; what the command line says against them. */
async function refusalOf(args: readonly string[]): Promise<string | undefined> {
  const program = await buildProgram('all');
  for (const command of [program, ...program.commands])
    command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined }).action(() => undefined);
  const own = normaliseFlags(args);
  try {
    await program.parseAsync(own, { from: 'user' });
    return own[0] === 'launch' ? await refusalOf(own.slice(own.indexOf('--') + 1)) : undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
}

const PAGES = ['README.md', ...readdirSync(new URL('docs', ROOT)).map((name) => `docs/${name}`)];

describe('the commands of the documents', () => {
  const commands = PAGES.filter((page) => page.endsWith('.md')).flatMap(commandsIn);

  it('are found', () => assert.ok(commands.length >= 40, `${commands.length} commands`));

  it('are taken by the command line', async () => {
    const refused: string[] = [];
    for (const { page, line, args } of commands) {
      const refusal = await refusalOf(args);
      if (refusal !== undefined) refused.push(`${page}: ${line}: ${refusal}`);
    }
    assert.deepEqual(refused, []);
  });
});
