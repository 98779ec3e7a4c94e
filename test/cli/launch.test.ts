import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { parseHosts, spreadRanks } from '../../src/cli/launch/hosts.js';
import { variablesOfRanks } from '../../src/cli/launch/launchVariable.js';
import { type Mpirun, mpirunArguments, type RankRequest } from '../../src/cli/launch/mpirun.js';
import { RankOutput, RankRecord } from '../../src/cli/launch/rankOutput.js';
import { watchedByShell } from '../../src/cli/launch/watchedRank.js';

test('machines are read in either way of writing them', () => {
  const text = '# two machines\n\none:2\ntwo slots=4  # the large one\nthree.example.org\n';
  assert.deepEqual(parseHosts(text, 'hosts.txt'), [
    { name: 'one', slots: 2 },
    { name: 'two', slots: 4 },
    { name: 'three.example.org', slots: undefined },
  ]);
  assert.throws(() => parseHosts('one\ntwo 4\n', 'hosts.txt'), {
    message: 'line 2 of hosts.txt must be a machine, such as one, one:2 or one slots=2, not two 4',
  });
  assert.throws(() => parseHosts('# none\n', 'hosts.txt'), { message: 'hosts.txt names no machine' });
});

test('ranks go to machines in order, and are shared evenly where no slots are given', () => {
  const spread = (text: string, ranks: number): string =>
    spreadRanks(parseHosts(text, 'hosts.txt'), ranks)
      .map(({ name, slots }) => `${name}:${slots}`)
      .join();
  assert.equal(spread('a:2\nb:4', 3), 'a:2,b:1');
  assert.equal(spread('a\nb\nc', 8), 'a:3,b:3,c:2');
  assert.equal(spread('a:1\nb\nc', 4), 'a:1,b:2,c:1');
  assert.equal(spread('a:2\nb', 2), 'a:2');
  assert.throws(() => spread('a:2\nb:1', 4), {
    message: '4 ranks were asked for, but the machines take only 3',
  });
});

test('all ranks get the variables that are ours, and those of published weights', () => {
  const theirs = ['HF_ENDPOINT', 'HF_HOME', 'HF_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN', 'TORCH_HOME'];
  const names = ['BIASLOSS_TUNE', ...theirs, 'HOME', 'HF_HOME_OLD', 'PATH'];
  const found = variablesOfRanks(Object.fromEntries(names.map((name) => [name, 'x'])));
  assert.deepEqual(found, ['BIASLOSS_LAUNCH', 'BIASLOSS_TUNE', ...theirs]);
});

test('mpirun is told to leave ranks unbound, unless they are to be bound, and root to start them', () => {
  const request: RankRequest = {
    ranks: 3,
    binding: 'none',
    command: ['node', 'main.js'],
    variables: ['BIASLOSS_LAUNCH'],
    isRoot: true,
  };
  const openMpi: Mpirun = { kind: 'Open MPI', program: 'mpirun' };
  assert.equal(
    mpirunArguments(openMpi, request).join(' '),
    '--bind-to none --oversubscribe --allow-run-as-root -x BIASLOSS_LAUNCH -n 3 node main.js',
  );
  const hosts = [{ name: 'a', slots: 2 }, { name: 'b' }];
  assert.equal(
    mpirunArguments(openMpi, { ...request, hosts, isRoot: false, variables: [] }).join(' '),
    '--bind-to none --oversubscribe --host a:2,b:1 -n 3 node main.js',
  );
  const hydra: Mpirun = { kind: 'Hydra', program: 'mpiexec' };
  const args = mpirunArguments(hydra, { ...request, hosts });
  assert.deepEqual(args.slice(0, 6), ['-hosts', 'a:2,b:1', '-n', '3', 'sh', '-c']);
  assert.deepEqual(args.slice(-2), request.command);
  assert.equal(
    mpirunArguments(openMpi, { ...request, binding: 'numa', isRoot: false, variables: [] }).join(' '),
    '--bind-to numa --map-by numa --oversubscribe -n 3 node main.js',
  );
  const bound = mpirunArguments(hydra, { ...request, binding: 'socket' });
  assert.deepEqual(bound.slice(0, 4), ['-bind-to', 'socket', '-n', '3']);
});

/** What is printed of lines, and what they say of ranks. */
function taken(lines: readonly string[]): { printed: string[]; record: RankRecord } {
  const record = new RankRecord();
  const output = new RankOutput(record);
  return { printed: [...lines.flatMap((line) => output.take(line)), ...output.end()], record };
}

const RULE = '-'.repeat(74);
const HYDRA_RULE = '='.repeat(83);

test('Open MPI names the rank that a signal has ended', () => {
  const { printed, record } = taken([
    'epoch 1/2',
    RULE,
    'Primary job  terminated normally, but 1 process returned',
    'a non-zero exit code. Per user-direction, the job has been aborted.',
    RULE,
    RULE,
    'mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed).',
    RULE,
  ]);
  assert.deepEqual(printed, ['epoch 1/2']);
  assert.deepEqual(record.deaths, [{ rank: 1, host: 'vm', signal: 'SIGKILL', exitCode: 137 }]);
});

test('MPICH’s rank that a signal has ended is named by its shell', () => {
  const { printed, record } = taken([
    'training',
    '75%\x1e{"rank":3,"host":"vm","code":139,"killed":true}',
    '[proxy:0:0@one] HYD_pmcd_pmip_control_cmd_cb (pm/pmiserv/pmip_cb.c:899): assert (!closed) failed',
    HYDRA_RULE,
    '=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES',
    '=   PID 17 RUNNING AT vm',
    '=   EXIT CODE: 139',
    HYDRA_RULE,
    'Please see the FAQ page for debugging suggestions',
  ]);
  assert.deepEqual(printed, ['training', '75%']);
  assert.deepEqual(record.deaths, [{ rank: 3, host: 'vm', signal: 'SIGSEGV', exitCode: 139 }]);
});

test('what Hydra says of ranks that it has killed itself is nothing new', () => {
  const { record } = taken([
    'error: rank 0 of 2: the disk is full',
    '\x1e{"rank":0,"host":"vm","code":1,"killed":false}',
    HYDRA_RULE,
    '=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES',
    '=   PID 17 RUNNING AT vm',
    HYDRA_RULE,
    'YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)',
  ]);
  assert.deepEqual([record.deaths, record.exitCode], [[], 1]);
});

test('where a signal has ended the shell, too, Hydra names the machine', () => {
  const { printed, record } = taken([
    '[mpiexec@one] match_arg (utils/args.c:166): unrecognized argument x',
    HYDRA_RULE,
    '=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES',
    '=   PID 17 RUNNING AT vm',
    '=   EXIT CODE: 9',
    HYDRA_RULE,
    'YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)',
    'This typically refers to a problem with your application.',
    'Please see the FAQ page for debugging suggestions',
  ]);
  assert.equal(printed.length, 1);
  assert.deepEqual(record.deaths, [{ host: 'vm', signal: 'SIGKILL', exitCode: 137 }]);
});

/** Runs a rank's shell outside of Hydra; it ends as the command does. */
function inShell(script: string): { status: number | null; stderr: string } {
  const [program, ...args] = watchedByShell(['sh', '-c', script]);
  const env = { ...process.env, PMI_RANK: '1' };
  const { status, stderr } = spawnSync(program!, args, { env, encoding: 'utf8' });
  return { status, stderr };
}

test('a rank’s shell passes on its code and its words, and tells of signals alone', {
  skip: process.platform === 'win32' && 'Hydra runs on Unix',
}, () => {
  assert.deepEqual(inShell('echo words >&2'), { status: 0, stderr: 'words\n' });
  // A training that was asked to stop ends by itself with such a code.
  const stopped = inShell('exit 143');
  assert.equal(stopped.status, 143);
  const { record } = taken(stopped.stderr.trimEnd().split('\n'));
  assert.deepEqual([record.deaths, record.exitCode], [[], 143]);
  const killed = inShell('echo words >&2; kill -KILL $$');
  assert.equal(killed.status, 137);
  assert.equal(killed.stderr.split('\n').length, 3);
  assert.deepEqual(taken(killed.stderr.trimEnd().split('\n')).record.deaths, [
    { rank: 1, host: hostname(), signal: 'SIGKILL', exitCode: 137 },
  ]);
});

test('what mpirun says of anything else is printed', () => {
  const lines = [RULE, 'There are not enough slots available in the system.', RULE];
  const { printed, record } = taken(lines);
  assert.deepEqual(printed, lines);
  assert.equal(record.hasFailure, false);
  assert.deepEqual(taken([RULE, 'cut off']).printed, [RULE, 'cut off']);
});

test('ranks that only waited are noted, as text and as JSON', () => {
  const { printed, record } = taken([
    'error: rank 0 of 3: no progress for 5 s since the start: another rank hangs or cannot be reached',
    '{"event":"error","message":"rank 2 of 3: no progress for 5 s","exit_code":1}',
  ]);
  assert.equal(printed.length, 2);
  assert.deepEqual([...record.waiting], [0, 2]);
  assert.deepEqual([...taken(['error: rank 1 of 3: the loss is NaN']).record.failed], [1]);
});
