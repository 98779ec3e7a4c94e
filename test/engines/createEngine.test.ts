import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine, engineChoices } from '../../src/engines/createEngine.js';
import { hasDriver } from '../../src/engines/cuda/native/library/libraryFolders.js';
import { errorMessage, UsageError, UserError } from '../../src/errors.js';
import { Graph } from '../../src/graph/graph.js';
import { add } from '../../src/graph/ops/elementwise.js';

test('unknown names and options are wrong usage', async () => {
  const name = JSON.parse('"tensorflow"');
  await assert.rejects(createEngine(name), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /unknown engine tensorflow: it must be one of auto, cpu, cuda, onednn, onnx, reference/,
    );
    return true;
  });
  for (const threads of [0, -1, 1.5, Number.NaN])
    await assert.rejects(createEngine('reference', { threads }), UsageError, `${threads}`);
  const precision = JSON.parse('"f16"');
  await assert.rejects(
    createEngine('reference', { precision }),
    /precision must be auto, f32, tf32 or bf16, not f16/,
  );
});

test('auto takes an engine that runs, and says why it is not oneDNN if it is not', async () => {
  const engine = await createEngine('auto');
  try {
    assert.ok(['cuda', 'onednn', 'onnx'].includes(engine.name));
    if (engine.name === 'onnx') assert.match(engine.description, /oneDNN is not used: /);
    const graph = new Graph();
    const executable = await engine.compile(graph.program({ y: add(graph.input('x', [1]), 1) }));
    assert.deepEqual(await executable.run({ x: Float32Array.of(1) }), { y: Float32Array.of(2) });
  } finally {
    await engine.close();
  }
});

test('auto does not speak of CUDA where there is no NVIDIA driver', {
  skip: hasDriver(process.env) && 'there is an NVIDIA driver',
}, async () => {
  const engine = await createEngine('auto');
  await engine.close();
  assert.doesNotMatch(engine.description, /CUDA/);
});

test('cpu computes on the processor, without a try on a card', async () => {
  const engine = await createEngine('cpu');
  await engine.close();
  assert.ok(['onednn', 'onnx'].includes(engine.name), engine.description);
  assert.doesNotMatch(engine.description, /CUDA/);
});

test('an engine that does not compute in bf16 says so', async () => {
  for (const name of ['reference', 'onnx'] as const)
    await assert.rejects(createEngine(name, { precision: 'bf16' }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(errorMessage(error), /bf16/);
      return true;
    });
});

test('precision auto is bf16 where the processor multiplies it, and the description says so', async () => {
  for (const name of ['reference', 'onnx', 'auto'] as const) {
    const engine = await createEngine(name, { precision: 'auto' });
    const { description, precision } = engine;
    await engine.close();
    if (engine.name === 'cuda') continue;
    if (engine.name !== 'onednn') assert.equal(precision, 'f32', description);
    else assert.match(description, precision === 'bf16' ? /(BF16|AMX).*bf16 \(the processor/ : /f32 \(the/);
  }
});

test('every choice is listed', () =>
  assert.deepEqual([...engineChoices].sort(), [
    'auto',
    'cpu',
    'cuda',
    'onednn',
    'onnx',
    'reference',
    'webgpu',
  ]));
