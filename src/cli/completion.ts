import type { Command, Option } from 'commander';
import { NameOption } from './parsing.js';

/** Shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Name of such a shell. */
export type Shell = (typeof SHELLS)[number];

/** What a command takes. */
interface Words {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** Values of its argument; empty if that is a file, or there is none. */
  readonly values: readonly string[];
}

interface Flag {
  readonly flag: string;
  readonly description: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** Its values; empty if it is a file or a number. */
  readonly values: readonly string[];
}

/** A script for a shell that completes commands, flags and their values; other values are completed as files. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = program.commands.map(wordsOf);
  if (shell === 'fish') return fishScript(commands);
  // zsh runs bash's script by its own bashcompinit.
  return shell === 'zsh' ? zshScript(commands) : bashScript(commands);
}

function wordsOf(command: Command): Words {
  const flags = command.options.filter(({ hidden, long }) => !hidden && long).map(flagOf);
  const values = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  return { name: command.name(), description: command.description(), flags: [...flags, HELP], values };
}

const HELP: Flag = { flag: '--help', description: 'display help', takesValue: false, values: [] };

function flagOf(option: Option): Flag {
  return {
    flag: option.long!,
    description: option.description,
    takesValue: option.required || option.optional,
    values: option instanceof NameOption ? option.names : [],
  };
}

function bashScript(commands: readonly Words[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const flagCases = commands.map(
    ({ name, flags, values }) =>
      `    ${name}) words="${flags.map(({ flag }) => flag).join(' ')}" others="${values.join(' ')}" ;;`,
  );
  const valueCases = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ values }) => values.length > 0)
      .map(({ flag, values }) => `    ${name}:${flag}) words="${values.join(' ')}" ;;`),
  );
  return `# completion of biasloss
_biasloss() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" words="" others=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}:$previous" in
${valueCases.join('\n')}
    *:${fileFlags(commands).join('|*:')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ -z "$words" ]; then
    case "\${COMP_WORDS[1]}" in
${flagCases.join('\n')}
    esac
    case "$current:$others" in
    -*) ;;
    *:) COMPREPLY=($(compgen -f -- "$current")); return ;;
    *) words="$others" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _biasloss biasloss`;
}

/** Flags whose value is a file, or anything else without known values. */
function fileFlags(commands: readonly Words[]): string[] {
  const flags = commands.flatMap((command) => command.flags);
  const open = flags.filter(({ takesValue, values }) => takesValue && values.length === 0);
  return [...new Set(open.map(({ flag }) => flag))];
}

function zshScript(commands: readonly Words[]): string {
  return `autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`;
}

function fishScript(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ name, description, flags, values: others }) => [
    `complete -c biasloss -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
    ...flags.map(({ flag, description: text, takesValue, values }) => {
      const value = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : takesValue ? ' -r' : '';
      return `complete -c biasloss -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}${value} -d ${quoted(text)}`;
    }),
    ...(others.length > 0
      ? [`complete -c biasloss -n '__fish_seen_subcommand_from ${name}' -f -a ${quoted(others.join(' '))}`]
      : []),
  ]);
  return ['# completion of biasloss', ...lines].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
