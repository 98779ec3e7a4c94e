#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { errorMessage, UserError } from '../errors.js';
import { normaliseFlags } from './argv.js';
import { addCheckDataCommand } from './checkDataCommand.js';
import { addCurvesCommand } from './curvesCommand.js';
import { addDoctorCommand } from './doctorCommand.js';
import { addExportCommand } from './exportCommand.js';
import { addInfoCommand } from './infoCommand.js';
import { isOutOfMemory } from './memory.js';
import { Interrupted, packageVersion, printNotice, watchOutput } from './output.js';
import { addPredictCommand } from './predictCommand.js';
import { addProfileCommand } from './profileCommand.js';
import { addQuickstartCommand } from './quickstartCommand.js';
import { addTestCommand } from './testCommand.js';
import { addTrainCommand } from './trainCommand.js';
import { addValidateCommand } from './validateCommand.js';

function buildProgram(): Command {
  const program = new Command('biasloss')
    .description(
      'Train, test and ship compact image classifiers: bias loss, SkipblockNet, CIFAR and ImageNet.',
    )
    .version(packageVersion())
    .option('--debug', 'print stack traces of errors')
    .exitOverride();
  addTrainCommand(program);
  addTestCommand(program);
  addValidateCommand(program);
  addPredictCommand(program);
  addExportCommand(program);
  addCheckDataCommand(program);
  addInfoCommand(program);
  addDoctorCommand(program);
  addCurvesCommand(program);
  addProfileCommand(program);
  addQuickstartCommand(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

const TOO_LITTLE_MEMORY = 'this takes more memory than there is: a smaller --batch-size takes less';

/** Exit code of an error, after it has been printed. */
function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof UserError;
  const memory = !known && isOutOfMemory(error);
  const prefix = error instanceof Interrupted ? '' : known || memory ? 'error: ' : 'unexpected error: ';
  printNotice(prefix + (memory ? TOO_LITTLE_MEMORY : errorMessage(error)));
  if (debug && error instanceof Error) printNotice(error.stack ?? '');
  return known ? error.exitCode : 1;
}

const argv = normaliseFlags(process.argv.slice(2));
const debug = argv.includes('--debug');
watchOutput((lost) => process.exit(lost.isQuiet ? undefined : report(lost, debug)));
try {
  await buildProgram().parseAsync(
    argv.filter((argument) => argument !== '--debug'),
    { from: 'user' },
  );
} catch (error) {
  process.exitCode = report(error, debug);
}
