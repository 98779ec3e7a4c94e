import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { launchedRanks } from '../distributed/launcher.js';
import { errorMessage, UsageError, UserError } from '../errors.js';
import { runFolderOf } from '../runs/openRun.js';
import { RunFolder } from '../runs/runFolder.js';
import { shellWord } from '../runs/shellWord.js';
import { normaliseFlags } from './argv.js';
import { withMeantFlag } from './foreignFlags.js';
import { parseHosts } from './launch/hosts.js';
import { LaunchedTraining } from './launch/launchedTraining.js';
import { BINDINGS, findMpirun, type RankRequest } from './launch/mpirun.js';
import { setNoticeFormat } from './output.js';
import { parseCount, parseWhole } from './parsing.js';
import { addTrainOptions, type TrainFlags, withTrainRequest } from './trainCommand.js';

interface LaunchFlags {
  readonly ranks: number;
  readonly hosts?: string;
  readonly bindTo: NonNullable<RankRequest['binding']>;
  readonly mpirun?: string;
  readonly maxRestarts: number;
}

const EXAMPLES = `
Everything after -- is a training as it would be on one process; --batch-size is shared by the ranks. See docs/distributed.md.

Examples:
  biasloss launch -n 2 -- train --data synthetic --ratio 0.5 --epochs 4
  biasloss launch -n 8 --hosts hosts.txt --max-restarts 3 -- train --data imagefolder --data-path /shared/images`;

/** Adds the options and the action of `launch`. */
export function configureLaunch(command: Command): void {
  command
    .usage('-n <ranks> [options] -- train [options of train]')
    .argument('<command...>', 'train and its options, after --')
    .requiredOption('-n, --ranks <n>', 'number of ranks', parseCount)
    .option('--hosts <file>', 'machines, one a line: name, name:2 or name slots=2 (default: this one)')
    .addOption(
      new Option('--bind-to <what>', 'what each rank is bound to; it computes with the threads of that')
        .choices(BINDINGS)
        .default('none'),
    )
    .option('--max-restarts <n>', 'restarts from the last checkpoint after a rank has failed', parseWhole, 0)
    .option('--mpirun <program>', 'Open MPI’s or MPICH’s mpirun (default: the installed one)')
    .addHelpText('after', EXAMPLES)
    .action(launch);
}

async function launch([name, ...args]: string[], flags: LaunchFlags): Promise<void> {
  if (name !== 'train')
    throw new UsageError(`launch starts train: biasloss launch -n ${flags.ranks} -- train …, not ${name}`);
  const { kind, size } = launchedRanks();
  if (kind !== undefined && size > 1)
    throw new UserError('launch starts ranks with mpirun, and was itself started by it: start train instead');
  const mpirun = findMpirun(flags.mpirun);
  const hosts = flags.hosts === undefined ? undefined : parseHosts(readHosts(flags.hosts), flags.hosts);
  const own = normaliseFlags(args);
  await withTrainRequest(parseTrain(own), async (request) => {
    if (request.logFormat === 'json') setNoticeFormat('json');
    const folder = runFolderOf(request, flags.ranks);
    const isResumed = request.resume !== undefined;
    // Before anything is started: a restart would take what there is for the run's own.
    RunFolder.expectUsable(folder, isResumed, hosts === undefined);
    const training = new LaunchedTraining({
      mpirun,
      ranks: flags.ranks,
      binding: flags.bindTo,
      hosts,
      maxRestarts: flags.maxRestarts,
      folder,
      args: without(own, FOLDER),
      // A run that is resumed keeps the settings of its recipe.
      resumeArgs: without(own, [...FOLDER, '--recipe']),
      isResumed,
      command: [
        'biasloss launch',
        `-n ${flags.ranks}`,
        ...(flags.hosts ? [`--hosts ${shellWord(flags.hosts)}`] : []),
        ...(flags.bindTo === 'none' ? [] : [`--bind-to ${flags.bindTo}`]),
        '--',
      ].join(' '),
      program: [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))],
    });
    await training.run();
  });
}

function readHosts(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--hosts ${path} cannot be read: ${errorMessage(error)}`);
  }
}

/** The flags of `train`, checked before anything is started. */
function parseTrain(args: readonly string[]): TrainFlags {
  const command = new Command('train').exitOverride().configureOutput({
    outputError: (text, write) => write(withMeantFlag(text, command, args)),
  });
  addTrainOptions(command);
  return command.parse(args, { from: 'user' }).opts<TrainFlags>();
}

/** Flags that say which folder a run has. */
const FOLDER = ['--run-dir', '--resume'];

/** Arguments without some flags and their values. */
function without(args: readonly string[], flags: readonly string[]): string[] {
  return args.filter(
    (argument, i) => !flags.includes(argument.replace(/=.*$/s, '')) && !flags.includes(args[i - 1] ?? ''),
  );
}
