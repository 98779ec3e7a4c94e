import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from './completion.js';
import { printLine } from './output.js';

const HELP = `
To have it in every shell:
  bash: echo 'source <(biasloss completion bash)' >> ~/.bashrc
  zsh:  echo 'source <(biasloss completion zsh)' >> ~/.zshrc, after compinit
  fish: biasloss completion fish > ~/.config/fish/completions/biasloss.fish`;

/**
 * Adds the argument and the action of `completion`.
 *
 * @param everything the command line with all options
 */
export function configureCompletion(command: Command, everything: () => Promise<Command>): void {
  const shell = new Argument('<shell>', 'whose script is printed').choices(SHELLS);
  command.addArgument(shell).addHelpText('after', HELP);
  command.action(async (name: Shell) => printLine(completionScript(name, await everything())));
}
