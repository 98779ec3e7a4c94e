/** `npm run bench`: this library beside PyTorch, a table of images a second and peak memory. */
import { findMpirun } from '../src/cli/launch/mpirun.js';
import { UserError } from '../src/errors.js';
import { type Case, type Comparison, runCase } from './benchmark.js';
import { timeBusy } from './busy/run.js';
import { timeCuda } from './cuda/run.js';
import { timeDecoding } from './decode/run.js';
import { readKnownWays } from './earlierRun.js';
import { type FamiliesOptions, familiesText, timeFamilies } from './families/run.js';
import { compareFinetuning } from './finetune/run.js';
import { timeInt8 } from './int8/run.js';
import { int8Table } from './int8/table.js';
import { interpretersAt, usablePython } from './interpreters.js';
import { timeLoader } from './loader/run.js';
import { busyShare, machine } from './machine.js';
import { timeOperations } from './operations/run.js';
import { commandLine } from './options.js';
import { timePages } from './page/run.js';
import { type CommonOptions, modelCases, type Peers, validateCases } from './plans.js';
import { costTable } from './ranks/costTable.js';
import { timeNetwork, workOf } from './ranks/network.js';
import { timeRanks } from './ranks/run.js';
import { reportText, writeReport } from './report.js';
import { comparisonTable } from './table.js';

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function pythonOf({ pytorch }: { readonly pytorch: string | false }): string | undefined {
  return usablePython(pytorch, progress);
}

function peersOf({ pytorch, fastestOf }: CommonOptions): Peers {
  const known = fastestOf === undefined ? undefined : readKnownWays(fastestOf);
  return { pythons: interpretersAt(pytorch, progress), known };
}

async function run<Options extends CommonOptions>(
  options: Options,
  plan: (options: Options, peers: Peers) => Case[],
): Promise<void> {
  const comparisons: Comparison[] = [];
  const failures: string[] = [];
  let busy = 0;
  for (const one of plan(options, peersOf(options))) {
    const before = await busyShare();
    const result = await runCase(one, progress);
    busy = Math.max(busy, before, await busyShare());
    progress(comparisonTable(result.comparisons));
    comparisons.push(...result.comparisons);
    failures.push(...result.failures);
  }
  const report = { machine: machine(), busy, comparisons, failures };
  process.stdout.write(reportText(report));
  if (options.json !== undefined) writeReport(report, options.json);
  if (failures.length > 0) process.exitCode = 1;
}

async function runFamilies(options: FamiliesOptions): Promise<void> {
  const report = await timeFamilies(options, interpretersAt(options.pytorch, progress), progress);
  process.stdout.write(`${familiesText(report)}\n`);
  if (report.failures.length > 0) process.exitCode = 1;
}

const print = (text: string): boolean => process.stdout.write(`${text}\n`);

/** What is wrong or missing in the flags or on the machine is said in a sentence. */
function fail(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
  progress(`error: ${error.message}`);
  process.exitCode = error.exitCode;
}

await commandLine({
  models: (options) => run(options, modelCases),
  families: runFamilies,
  int8: async (options) => {
    print(int8Table(await timeInt8(options, progress)));
  },
  validate: (options) => run(options, validateCases),
  ops: (options) => timeOperations(options, pythonOf(options), print),
  loader: (options) => timeLoader(options, print),
  decode: async (options) => {
    print(await timeDecoding(options, pythonOf(options), progress));
  },
  busy: (options) => timeBusy(options, pythonOf(options), print),
  cuda: async (options) => {
    if (!(await timeCuda(options, { print, progress }))) process.exitCode = 1;
  },
  page: async (options) => {
    print(await timePages(options, progress));
  },
  finetune: async (options) => {
    print(await compareFinetuning(options, pythonOf(options), progress));
  },
  ranks: async ({ mpirun, ...options }) => {
    const python = options.syncBatchNorm ? undefined : pythonOf(options);
    print(await timeRanks({ ...options, python }, findMpirun(mpirun), progress));
  },
  network: async ({ mpirun, ...options }) => {
    print(await timeNetwork(options, findMpirun(mpirun), progress));
  },
  cost: ({ model, milliseconds }) => {
    const work = workOf(model);
    for (const each of milliseconds)
      process.stdout.write(
        `${model.label}, ${(work.bytes / 1e6).toFixed(1)} MB of gradients, ${work.shortOnes} short collectives, ${each} ms of computing\n\n` +
          `${costTable({ ...work, compute: each / 1000 })}\n\n`,
      );
  },
})
  .parseAsync()
  .catch(fail);
