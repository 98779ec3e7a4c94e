import assert from 'node:assert/strict';
import { cpus } from 'node:os';
import { test } from 'node:test';
import { probeBlockSize } from '../../../src/engines/onnx/blockProbe.js';
import { NodeRuntime } from '../../../src/engines/onnx/node/runtime.js';
import { providers } from '../../../src/engines/onnx/providers.js';

test('x86 processors have the blocked layout', async (t) => {
  if (process.arch !== 'x64') return t.skip('another architecture');
  const block = await probeBlockSize(new NodeRuntime({ provider: providers.cpu, threads: 1 }));
  assert.ok(block === 8 || block === 16, `block of ${block} on ${cpus()[0]?.model}`);
});
