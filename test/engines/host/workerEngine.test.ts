import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Engine, Executable } from '../../../src/engines/engine.js';
import { startWorkerEngine } from '../../../src/engines/host/workerEngine.js';
import { UserError } from '../../../src/errors.js';
import { Graph } from '../../../src/graph/graph.js';
import { add } from '../../../src/graph/ops/elementwise.js';
import type { Program } from '../../../src/graph/program.js';
import { GraphError } from '../../../src/graph/tensorType.js';
import { commands } from './fixtures/backend.js';

const module = new URL('./fixtures/backend.js', import.meta.url);
const start = (threads = 1): Promise<Engine> =>
  startWorkerEngine({ name: 'fixture', module }, { threads, precision: 'f32' });

function program(): Program {
  const graph = new Graph();
  return graph.program({ y: add(graph.input('x', [2]), graph.variable('w', [2])) });
}

async function withExecutable(use: (executable: Executable, engine: Engine) => Promise<void>): Promise<void> {
  const engine = await start();
  try {
    await use(await engine.compile(program()), engine);
  } finally {
    await engine.close();
  }
}

const command = (name: keyof typeof commands): { x: Float32Array } => ({
  x: Float32Array.of(commands[name], 5),
});

test('inputs are transferred, outputs come back, also those that are views', () =>
  withExecutable(async (executable) => {
    const { x } = command('echo');
    const outputs = await executable.run({ x });
    assert.equal(x.length, 0);
    assert.deepEqual(outputs, { whole: Float32Array.of(0, 5), part: Float32Array.of(0, 5) });
  }));

test('an input that is a view of a larger buffer leaves the rest to its owner', () =>
  withExecutable(async (executable) => {
    const owner = Float32Array.of(1, 0, 5, 2);
    const outputs = await executable.run({ x: owner.subarray(1, 3) });
    assert.deepEqual(outputs.whole, Float32Array.of(0, 5));
    assert.deepEqual(owner, Float32Array.of(1, 0, 5, 2));
  }));

test('shared memory is copied', () =>
  withExecutable(async (executable) => {
    const x = new Float32Array(new SharedArrayBuffer(8)).fill(0);
    assert.deepEqual((await executable.run({ x })).whole, Float32Array.of(0, 0));
  }));

test('wrong inputs are refused by name, before they are transferred', () =>
  withExecutable(async (executable) => {
    const x = Float32Array.of(1, 2, 3);
    await assert.rejects(
      executable.run({ x }),
      /the input x must be f32\[2\], 2 values, but has 3 values of f32/,
    );
    assert.equal(x.length, 3);
    await assert.rejects(executable.run({}), /the input x \(f32\[2\]\) is missing/);
    await assert.rejects(executable.run({ x: Int32Array.of(1, 2) }), /the input x must be f32\[2\].*i32/);
    const extra = Float32Array.of(1);
    await executable.run({ ...command('echo'), extra });
    assert.equal(extra.length, 1, 'what is not an input stays with the caller');
  }));

test('errors keep class and message', () =>
  withExecutable(async (executable) => {
    await assert.rejects(executable.run(command('userError')), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.message, 'a user error');
      return true;
    });
    await assert.rejects(executable.run(command('graphError')), (error) => error instanceof GraphError);
    await assert.rejects(executable.run(command('custom')), {
      name: 'CustomError',
      message: 'a custom error',
    });
    await executable.run(command('echo'));
  }));

test('a factory that refuses rejects the start, and a module that is not there', async () => {
  await assert.rejects(start(13), (error) => error instanceof UserError && /bad luck/.test(error.message));
  const missing = new URL('../fixtures/absent.js', import.meta.url);
  await assert.rejects(
    startWorkerEngine({ name: 'absent', module: missing }, { threads: 1, precision: 'f32' }),
    (error) => error instanceof UserError && /the absent engine cannot be loaded/.test(error.message),
  );
});

test('close rejects runs in progress and every later call', async () => {
  const engine = await start();
  const executable = await engine.compile(program());
  const running = executable.run(command('hang'));
  const waiting = executable.run(command('echo'));
  const closing = engine.close();
  await assert.rejects(running, /the fixture engine is closed/);
  await assert.rejects(waiting, /the fixture engine is closed/);
  await closing;
  await assert.rejects(executable.run(command('echo')), /the fixture engine is closed/);
  await assert.rejects(engine.read(), /the fixture engine is closed/);
  await engine.close();
});

for (const [how, message] of [
  ['crash', /the worker of the fixture engine failed: thrown outside of any call/],
  ['exit', /the worker of the fixture engine ended with code 7/],
] as const) {
  test(`a worker's ${how} rejects runs in progress and later ones`, async () => {
    const engine = await start();
    const executable = await engine.compile(program());
    await assert.rejects(executable.run(command(how)), message);
    await assert.rejects(executable.run(command('echo')), message);
    await engine.close();
  });
}

test('a closed executable is refused, its engine goes on', () =>
  withExecutable(async (executable, engine) => {
    await executable.close();
    await assert.rejects(executable.run(command('echo')), /the executable is closed/);
    await (await engine.compile(program())).run(command('echo'));
  }));

test('variables of another shape, size or name are refused', () =>
  withExecutable(async (_, engine) => {
    await engine.write(new Map([['w', Float32Array.of(1, 2)]]));
    assert.deepEqual((await engine.read(['w'])).get('w'), Float32Array.of(1, 2));
    await assert.rejects(
      engine.write(new Map([['w', Float32Array.of(1)]])),
      /the variable w must be f32\[2\]/,
    );
    await assert.rejects(engine.read(['v']), /the engine has no variable v/);
    const other = new Graph();
    const mismatch = other.program({ y: other.variable('w', [1, 2]) });
    await assert.rejects(
      engine.compile(mismatch),
      /w is f32\[1, 2\] in the program, but f32\[2\] in the engine/,
    );
    await engine.write(new Map([['early', new Float32Array(4)]]));
    const early = new Graph();
    await engine.compile(early.program({ y: early.variable('early', [2, 2]) }));
  }));

test('malformed programs, and frozen ones with updates, are refused', () =>
  withExecutable(async (_, engine) => {
    await assert.rejects(engine.compile({ ...program(), nodes: [] }), GraphError);
    const graph = new Graph();
    const w = graph.variable('w', [2]);
    const updating = graph.program({}, new Map([['w', add(w, 1)]]));
    await assert.rejects(
      engine.compile(updating, { variables: 'frozen' }),
      /frozen variables cannot update w/,
    );
  }));

test('a process ends after close, and also when close is forgotten', async () => {
  const script = (last: string): string => `
    const { startWorkerEngine } = await import(${JSON.stringify(new URL('../../../src/engines/host/workerEngine.js', import.meta.url).href)});
    const engine = await startWorkerEngine({ name: 'fixture', module: new URL(${JSON.stringify(module.href)}) }, { threads: 1, precision: 'f32' });
    await engine.write(new Map([['w', new Float32Array(2)]]));
    console.log((await engine.read(['w'])).get('w').length);
    ${last}`;
  for (const last of ['await engine.close();', '']) {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(last)], {
      timeout: 20_000,
    });
    assert.equal((await run).stdout.trim(), '2');
  }
});
