import { type Command, InvalidArgumentError, Option } from 'commander';
import { isFolder } from '../data/folders/fileKind.js';
import { UsageError } from '../errors.js';
import { RUNS } from '../runs/openRun.js';
import { type Studio, startStudio } from '../studio/server/studio.js';
import { printLine, printNotice } from './output.js';
import { parseNumber } from './parsing.js';
import { watchSignals } from './signals.js';
import { int8Command, trainCommands } from './trainCommands.js';

interface StudioFlags {
  readonly port: number;
  readonly host: string;
  readonly runs: string;
  readonly data: readonly string[];
}

/** Addresses that are reached from this machine alone. */
const LOCAL = ['127.0.0.1', '::1', 'localhost'];

/** Adds the options and the action of `studio`. */
export function configureStudio(command: Command): void {
  const options = [
    new Option('--port <n>', 'port of the page; 0: any free port').argParser(parsePort).default(6007),
    new Option(
      '--host <address>',
      'address to listen on; others than 127.0.0.1 are reached from the network',
    ).default('127.0.0.1'),
    new Option('--runs <folder>', 'folder of the runs').default(RUNS),
    new Option(
      '--data <folder>',
      'folder of images to look at, besides those of the runs; may be given several times',
    )
      .argParser((folder: string, before: readonly string[]) => [...before, folder])
      .default([], 'none'),
  ];
  for (const option of options) command.addOption(option);
  command.action(runStudio);
}

function parsePort(value: string): number {
  const port = parseNumber(value);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

async function runStudio(flags: StudioFlags): Promise<void> {
  for (const folder of flags.data)
    if (!isFolder(folder))
      throw new UsageError(`--data must be a folder of images, and ${folder} is not a folder`);
  const studio = await startStudio({ ...flags, train: trainCommands, int8: int8Command });
  if (!LOCAL.includes(flags.host))
    printNotice(
      'everyone in the network can look at the runs; starting and stopping them needs the token in the address',
    );
  printLine(`studio: ${studio.address}#token=${studio.token}`);
  await untilStopped(studio);
}

/** Until a signal: then the runs that the studio has started are stopped, too. */
function untilStopped(studio: Studio): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = watchSignals((signal) => {
      const closed = studio.close();
      printNotice(`${signal}: closing the studio; repeat the signal to end at once`);
      closed
        .then((stopped) => {
          end();
          if (stopped.length > 0) printNotice(`stopped, to be resumed: ${stopped.join(', ')}`);
          resolve();
        })
        .catch(reject);
    });
  });
}
