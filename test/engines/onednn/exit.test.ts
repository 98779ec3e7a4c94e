import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { onednnMissing } from '../../support/onednn.js';

const missing = await onednnMissing();

/** A crash at the end depends on which thread is where: one clean end shows little. */
const REPETITIONS = 8;

/** A process with an engine that is computing convolutions of some milliseconds when `last` begins. */
function script(last: string): string {
  const source = (path: string): string =>
    JSON.stringify(new URL(`../../../src/${path}.js`, import.meta.url).href);
  return `
    const { createEngine } = await import(${source('engines/createEngine')});
    const { Graph } = await import(${source('graph/graph')});
    const { conv2d } = await import(${source('graph/ops/conv')});
    const graph = new Graph();
    const y = conv2d(graph.input('x', [8, 32, 64, 64]), graph.variable('w', [32, 32, 3, 3]), undefined, { padding: 1 });
    const engine = await createEngine('onednn', { threads: 2 });
    const executable = await engine.compile(graph.program({ y }), {
      variables: await engine.variables([{ name: 'w', shape: [32, 32, 3, 3] }]),
    });
    const run = () => executable.run({ x: new Float32Array(8 * 32 * 64 * 64) });
    await run();
    const runs = [run(), run(), run()].map((promise) => promise.catch((error) => error.message));
    await new Promise((done) => setTimeout(done, Math.random() * 10));
    ${last}`;
}

/** Rejects with the exit code or the signal where the process does not end with 0. */
async function outputOf(last: string): Promise<string> {
  const args = ['--input-type=module', '-e', script(last)];
  return (await promisify(execFile)(process.execPath, args, { timeout: 60_000 })).stdout.trim();
}

describe('a process whose oneDNN engine is computing', { skip: missing }, () => {
  const ends = {
    'closes it, which rejects the runs': `
      await engine.close();
      if ((await Promise.all(runs)).some((x) => typeof x === 'string' && !x.includes('closed'))) process.exitCode = 3;
      console.log('ended');`,
    'calls process.exit': `console.log('ended'); process.exit(0);`,
    'forgets it': `await Promise.all(runs); console.log('ended');`,
  };
  for (const [title, last] of Object.entries(ends)) {
    test(`${title}: ends cleanly, ${REPETITIONS} times`, async () => {
      for (let i = 0; i < REPETITIONS; i++) assert.equal(await outputOf(last), 'ended');
    });
  }
});
