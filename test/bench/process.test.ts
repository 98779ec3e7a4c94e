import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonLinesProcess } from '../../bench/jsonLinesProcess.js';

const node = (code: string): JsonLinesProcess =>
  new JsonLinesProcess({ file: process.execPath, args: ['-e', code] });

const ECHO = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { cmd, steps } = JSON.parse(line);
  if (cmd === 'quit') process.exit();
  console.log(JSON.stringify(steps === 13 ? { error: 'no 13' } : { seconds: [steps] }));
});`;

test('answers come in turn, and an error answer is an error', async () => {
  const handle = node(ECHO);
  assert.deepEqual(await handle.ask({ cmd: 'run', steps: 1 }), { seconds: [1] });
  await assert.rejects(handle.ask({ cmd: 'run', steps: 13 }), /^Error: no 13$/);
  assert.deepEqual(await handle.ask({ cmd: 'run', steps: 2 }), { seconds: [2] });
  await handle.close();
  await assert.rejects(handle.ask({ cmd: 'memory' }), /ended with code 0/);
});

test('a process that dies says why', async () => {
  const handle = node('process.stdin.once("data", () => { console.error("out of luck"); process.exit(3); })');
  await assert.rejects(handle.ask({ cmd: 'memory' }), /ended with code 3: out of luck/);
  await handle.close();
});

test('a program that is not there is an error', async () => {
  const handle = new JsonLinesProcess({ file: '/no/such/program', args: [] });
  await assert.rejects(handle.ask({ cmd: 'memory' }), /cannot start \/no\/such\/program/);
  await handle.close();
});
