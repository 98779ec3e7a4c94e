import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { Engine, Executable } from '../../../src/engines/engine.js';
import { startThreadEngine } from '../../../src/engines/host/threadEngine.js';
import { UserError } from '../../../src/errors.js';
import { Graph } from '../../../src/graph/graph.js';
import { add } from '../../../src/graph/ops/elementwise.js';
import type { Program } from '../../../src/graph/program.js';
import { GraphError } from '../../../src/graph/tensorType.js';
import { commands } from './fixtures/backend.js';

const module = new URL('./fixtures/backend.js', import.meta.url);
const start = (threads = 1): Promise<Engine> =>
  startThreadEngine({ name: 'fixture', module }, { threads, precision: 'f32', choices: {} });

/** The variables of {@link program}. */
const W = [{ name: 'w', shape: [2] }];

function program(): Program {
  const graph = new Graph();
  return graph.program({ y: add(graph.input('x', [2]), graph.variable('w', [2])) });
}

async function compiled(engine: Engine): Promise<Executable> {
  return engine.compile(program(), { variables: await engine.variables(W) });
}

async function withExecutable(use: (executable: Executable, engine: Engine) => Promise<void>): Promise<void> {
  const engine = await start();
  try {
    await use(await compiled(engine), engine);
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
    startThreadEngine({ name: 'absent', module: missing }, { threads: 1, precision: 'f32', choices: {} }),
    (error) => error instanceof UserError && /the absent engine cannot be loaded/.test(error.message),
  );
});

test('close rejects runs in progress and every later call', async () => {
  const engine = await start();
  const executable = await compiled(engine);
  const running = executable.run(command('hang'));
  const waiting = executable.run(command('echo'));
  const closing = engine.close();
  await assert.rejects(running, /the fixture engine is closed/);
  await assert.rejects(waiting, /the fixture engine is closed/);
  await closing;
  await assert.rejects(executable.run(command('echo')), /the fixture engine is closed/);
  await assert.rejects(engine.variables([]), /the fixture engine is closed/);
  await engine.close();
});

for (const [how, message] of [
  ['crash', /the worker of the fixture engine failed: thrown outside of any call/],
  ['exit', /the worker of the fixture engine ended with code 7/],
] as const) {
  test(`a worker's ${how} rejects runs in progress and later ones`, async () => {
    const engine = await start();
    const executable = await compiled(engine);
    await assert.rejects(executable.run(command(how)), message);
    await assert.rejects(executable.run(command('echo')), message);
    await engine.close();
  });
}

test('a closed executable is refused, its engine goes on', () =>
  withExecutable(async (executable, engine) => {
    await executable.close();
    await assert.rejects(executable.run(command('echo')), /the executable is closed/);
    await (await compiled(engine)).run(command('echo'));
  }));

test('variables of another shape, size or name are refused, and those of another engine', () =>
  withExecutable(async (_, engine) => {
    const variables = await engine.variables(W);
    await variables.write(new Map([['w', Float32Array.of(1, 2)]]));
    assert.deepEqual((await variables.read(['w'])).get('w'), Float32Array.of(1, 2));
    await assert.rejects(
      variables.write(new Map([['w', Float32Array.of(1)]])),
      /the variable w must be f32\[2\]/,
    );
    await assert.rejects(variables.read(['v']), /there is no variable v/);
    const other = new Graph();
    const mismatch = other.program({ y: other.variable('w', [1, 2]) });
    await assert.rejects(
      engine.compile(mismatch, { variables }),
      /w is f32\[1, 2\] in the program, but f32\[2\] in the engine/,
    );
    await assert.rejects(engine.compile(program()), /variable w \(f32\[2\]\) is not among the variables/);
    await assert.rejects(engine.variables([...W, ...W]), /the variable w is given twice/);
    const stranger = await start();
    await assert.rejects(stranger.compile(program(), { variables }), /belong to another engine/);
    await stranger.close();
  }));

test('what is freed is counted no more; freeing twice, or after the engine is closed, does no harm', async () => {
  const engine = await start();
  const variables = await engine.variables([...W, { name: 'v', shape: [3], dtype: 'i32' }]);
  const executable = await engine.compile(program(), { variables });
  assert.deepEqual(await engine.statistics(), { variables: 2, executables: 1 });
  await variables.dispose();
  await assert.rejects(executable.run(command('echo')), /the variables are disposed of/);
  await executable.close();
  assert.deepEqual(await engine.statistics(), { variables: 0, executables: 0 });
  await Promise.all([variables.dispose(), executable.close()]);
  const open = await engine.variables(W);
  const other = await engine.compile(program(), { variables: open });
  await engine.close();
  await Promise.all([open.dispose(), other.close()]);
});

test('malformed programs, and frozen ones with updates, are refused', () =>
  withExecutable(async (_, engine) => {
    await assert.rejects(engine.compile({ ...program(), nodes: [] }), GraphError);
    const graph = new Graph();
    const w = graph.variable('w', [2]);
    const updating = graph.program({}, new Map([['w', add(w, 1)]]));
    await assert.rejects(engine.compile(updating, { frozen: true }), /frozen variables cannot update w/);
  }));

test('a process ends after close, and also when close is forgotten', async () => {
  const script = (last: string): string => `
    const { startThreadEngine } = await import(${JSON.stringify(new URL('../../../src/engines/host/threadEngine.js', import.meta.url).href)});
    const engine = await startThreadEngine({ name: 'fixture', module: new URL(${JSON.stringify(module.href)}) }, { threads: 1, precision: 'f32', choices: {} });
    const variables = await engine.variables([{ name: 'w', shape: [2] }]);
    console.log((await variables.read()).get('w').length);
    ${last}`;
  for (const last of ['await engine.close();', '']) {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(last)], {
      timeout: 20_000,
    });
    assert.equal((await run).stdout.trim(), '2');
  }
});
