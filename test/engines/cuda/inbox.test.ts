import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CudaBackend } from '../../../src/engines/cuda/cudaBackend.js';
import { prelude } from '../../../src/engines/cuda/kernels/prelude.js';
import type { NamedData } from '../../../src/engines/engine.js';
import { type ImageBytes, imagesOfBytes } from '../../../src/engines/imageBytes.js';
import { Graph } from '../../../src/graph/graph.js';
import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import { add, mul } from '../../../src/graph/ops/elementwise.js';
import { openEmulator, withoutEmulator } from './emulator/device.js';

const SIZE = 6;

/** An input's values in a step. */
function values(step: number): Float32Array {
  return Float32Array.from({ length: SIZE }, (_, i) => 10 * step + i);
}

/**
 * Runs of sum ← sum + 2·x on an emulated device whose uploads are done as soon, or as late, as they may be.
 *
 * @param inputsOf what each run is given, and what is given ahead of the next one
 */
async function sums(
  uploads: 'early' | 'late',
  steps: number,
  inputsOf: (step: number) => readonly [NamedData, (NamedData | undefined)?],
): Promise<Float32Array[]> {
  const backend = new CudaBackend(openEmulator({ prelude, uploads }), { precision: 'f32' });
  const graph = new Graph();
  const sum = add(graph.variable('sum', [SIZE]), mul(graph.input('x', [SIZE]), 2));
  const variables = new Map([['sum', backend.variable({ shape: [SIZE], dtype: 'f32' })]]);
  const program = graph.program({ sum }, new Map([['sum', sum]]));
  const executable = await backend.compile(program, { variables, frozen: false, precision: 'f32' });
  const found: Float32Array[] = [];
  for (let step = 0; step < steps; step++) {
    const [own, ahead] = inputsOf(step);
    const run = executable.run(own, { seed: 0, step }, ahead);
    // The arrays were taken over: what happens to them no longer matters.
    for (const data of Object.values({ ...own, ...ahead })) data.fill(Number.NaN);
    found.push((await run).sum as Float32Array);
  }
  executable.close();
  variables.get('sum')!.dispose();
  backend.close();
  return found;
}

describe('inputs that come while a program runs', { skip: withoutEmulator() }, () => {
  const whole = (step: number) => [{ x: values(step) }] as const;

  for (const uploads of ['early', 'late'] as const) {
    it(`are those of the next run, where uploads are done ${uploads}`, async () => {
      const expected = await sums(uploads, 6, whole);
      const found = await sums(uploads, 6, (step) => [
        step === 0 ? { x: values(0) } : {},
        step < 5 ? { x: values(step + 1) } : undefined,
      ]);
      assert.deepEqual(found, expected);
      assert.deepEqual(
        found[0],
        values(0).map((value) => 2 * value),
      );
    });

    it(`do not count where the next run has others, where uploads are done ${uploads}`, async () => {
      const expected = await sums(uploads, 6, whole);
      const found = await sums(uploads, 6, (step) => [
        // Every second run is given what the one before it was given ahead.
        step % 2 === 1 ? {} : { x: values(step) },
        { x: values(step % 2 === 0 ? step + 1 : 100) },
      ]);
      assert.deepEqual(found, expected);
    });
  }

  for (const uploads of ['early', 'late'] as const)
    it(`may be bytes, where uploads are done ${uploads}`, async () => {
      const backend = new CudaBackend(openEmulator({ prelude, uploads }), { precision: 'f32' });
      const graph = new Graph();
      const program = graph.program({ y: mul(graph.input('x', [2, 3, 4, 4]), 2) });
      const executable = await backend.compile(program, {
        ...{ variables: new Map(), frozen: false, precision: 'f32' },
      });
      for (let step = 0; step < 5; step++) {
        const [own, next] = [imagesOf(step), imagesOf(step + 1)];
        const expected = imagesOfBytes(own).map((value) => 2 * value);
        const given = step === 0 ? { x: own } : {};
        const { y } = await executable.run(given, { seed: 0, step }, { x: next });
        assert.deepEqual(y, expected);
        next.pixels.fill(0);
      }
      executable.close();
      backend.close();
    });
});

describe('inputs of a run that fails', { skip: withoutEmulator() }, () => {
  it('are not taken by the next one, which was requested already', async () => {
    const backend = new CudaBackend(openEmulator({ prelude }), { precision: 'f32' });
    const graph = new Graph();
    const labels = graph.input('labels', [2], 'i32');
    const { loss } = softmaxCrossEntropy(graph.input('logits', [2, 3]), labels);
    const program = graph.program({ loss });
    const executable = await backend.compile(program, {
      ...{ variables: new Map(), frozen: false, precision: 'f32' },
    });
    const run = (inputs: NamedData, ahead?: NamedData) => executable.run(inputs, { seed: 0, step: 0 }, ahead);
    const batch = (...classes: number[]): NamedData => ({
      logits: Float32Array.of(1, 2, 3, 4, 5, 7),
      labels: Int32Array.from(classes),
    });
    const expected = await run(batch(0, 1));
    const runs = await Promise.allSettled([run(batch(0, 1), batch(2, 2)), run({}, batch(0, 3)), run({})]);
    assert.deepEqual(runs[0], { status: 'fulfilled', value: expected });
    assert.match(
      String(runs[1]!.status === 'rejected' && runs[1].reason),
      /labels: label 3 of image 1 is not in/,
    );
    assert.match(
      String(runs[2]!.status === 'rejected' && runs[2].reason),
      /the input l.* is missing: the run that it was given ahead with has failed/,
    );
    assert.deepEqual(await run(batch(0, 1)), expected);
    executable.close();
    backend.close();
  });
});

/** Two images [3, 4, 4] of a step. */
function imagesOf(step: number): ImageBytes {
  return {
    pixels: Uint8Array.from({ length: 96 }, (_, i) => (i * 29 + step * 67) % 256),
    placements: Int32Array.of(step - 2, 1, step % 2, 0, -step, 1),
    tables: Float32Array.from({ length: 768 }, (_, i) => Math.fround(i / (7 + step))),
  };
}
