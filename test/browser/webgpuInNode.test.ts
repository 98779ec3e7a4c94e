/** ONNX Runtime's WebGPU in Node computes what its processor does; here on Chromium's software GPU. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Engine, EngineOptions } from '../../src/engines/engine.js';
import { relativeError } from '../support/golden.js';
import { tinyLosses } from './fixtures/numbers.js';

const STEPS = 20;
const LIMIT = 1e-5;

/** Drivers of the software GPU that Chromium brings. */
const DRIVERS = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/opt/google/chrome/vk_swiftshader_icd.json'];

const driver = process.env.VK_DRIVER_FILES ?? DRIVERS.find(existsSync);
if (driver !== undefined) process.env.VK_DRIVER_FILES = driver;
const isSupported = process.platform === 'linux' && process.arch === 'x64';
const skip =
  driver === undefined || !isSupported
    ? 'no software GPU is installed (Chromium for Linux brings one; VK_DRIVER_FILES may name another)'
    : false;

async function on<T>(
  name: 'onnx' | 'webgpu',
  options: EngineOptions,
  compute: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await createEngine(name, options);
  try {
    return await compute(engine);
  } finally {
    await engine.close();
  }
}

it(`the webgpu engine trains a tiny network as the processor does, over ${STEPS} steps`, {
  skip,
}, async () => {
  const expected = await on('onnx', { threads: 1 }, (engine) => tinyLosses(engine, STEPS));
  assert.equal(new Set(expected.losses).size, STEPS, 'every step changes the loss');
  await on('webgpu', {}, async (engine) => {
    assert.match(engine.description, /WebGPU, experimental/);
    const found = await tinyLosses(engine, STEPS);
    for (const [step, loss] of expected.losses.entries())
      assert.ok(
        Math.abs(found.losses[step]! - loss) <= LIMIT * Math.max(1, loss),
        `step ${step}: ${found.losses[step]}`,
      );
    const error = relativeError(found.weights, expected.weights);
    assert.ok(error <= LIMIT, `weights: relative error ${error}`);
  });
});

it('the webgpu engine refuses bf16 in a sentence', { skip: !isSupported }, () =>
  assert.rejects(createEngine('webgpu', { precision: 'bf16' }), /computes in f32, not in bf16/),
);
