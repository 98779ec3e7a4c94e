import assert from 'node:assert/strict';
import { type ImageBytes, imagesOfBytes } from '../../../src/engines/imageBytes.js';
import { Graph } from '../../../src/graph/graph.js';
import { add, mul } from '../../../src/graph/ops/elementwise.js';
import type { Behaviour } from './compiled.js';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

/** What an engine must do with inputs of the next run. */
export const aheadBehaviours: Readonly<Record<string, Behaviour>> = {
  'inputs are taken ahead of a run, or refused': async (engine) => {
    const graph = new Graph();
    const y = add(mul(graph.input('a', []), 100), graph.input('b', []));
    const executable = await engine.compile(graph.program({ y }));
    const result = async (...values: Parameters<typeof executable.run>) =>
      (await executable.run(...values)).y![0];
    if (!engine.takesAhead) {
      await assert.rejects(result({ a: floats(1), b: floats(2) }, {}, {}), /takes no inputs ahead of a run/);
      return;
    }
    assert.equal(await result({ a: floats(1), b: floats(2) }, {}, { a: floats(3), b: floats(4) }), 102);
    assert.equal(await result({}, {}, { a: floats(5) }), 304);
    assert.equal(await result({ b: floats(6) }, {}, { a: floats(7), b: floats(8) }), 506);
    // What a run is given counts.
    assert.equal(await result({ a: floats(9) }, {}, { b: floats(10) }), 908);
    await assert.rejects(result({}), /the input a .*missing/);
    const both = [result({ a: floats(1) }, {}, { b: floats(12) }), result({ a: floats(2) })];
    assert.deepEqual(await Promise.all(both), [110, 212]);
    await assert.rejects(result({ a: floats(1) }), /the input b .*missing/);
    await assert.rejects(
      result({ a: floats(1), b: floats(1) }, {}, { a: floats(1, 2) }),
      /the input a must be f32\[\], 1 values, but has 2/,
    );
  },

  'runs that are requested before the ones before them are done give the results of all in order': async (
    engine,
  ) => {
    const graph = new Graph();
    const sum = graph.variable('overlapped.sum', [3]);
    const next = add(sum, graph.input('x', [3]));
    const variables = await engine.variables([{ name: 'overlapped.sum', shape: [3] }]);
    const program = graph.program({ sum: mul(next, 1) }, new Map([['overlapped.sum', next]]));
    const executable = await engine.compile(program, { variables });
    const ended: number[] = [];
    const runs = Array.from({ length: 12 }, async (_, step) => {
      const { sum: found } = await executable.run({ x: floats(step, 1, -step) });
      ended.push(step);
      return [...found!];
    });
    // What is requested behind them waits for all.
    const after = variables.read();
    const expected = Array.from({ length: 12 }, (_, step) => {
      const upTo = (step * (step + 1)) / 2;
      return [upTo, step + 1, upTo === 0 ? 0 : -upTo];
    });
    assert.deepEqual(
      (await Promise.all(runs)).map((values) => values.map((value) => value + 0)),
      expected,
    );
    assert.deepEqual(
      ended,
      ended.map((_, i) => i),
    );
    assert.deepEqual([...(await after).get('overlapped.sum')!], [66, 12, -66]);
    // One that fails leaves the others as they are.
    const [first, wrong, last] = await Promise.allSettled([
      executable.run({ x: floats(1, 1, 1) }),
      executable.run({ x: floats(1) }),
      executable.run({ x: floats(1, 1, 1) }),
    ]);
    assert.equal(wrong.status, 'rejected');
    assert.deepEqual(first.status === 'fulfilled' && [...first.value.sum!], [67, 13, -65]);
    assert.deepEqual(last.status === 'fulfilled' && [...last.value.sum!], [68, 14, -64]);
    await executable.close();
    await variables.dispose();
  },

  'images may be bytes, or are refused by name': async (engine) => {
    const shape = [3, 2, 5, 5];
    const graph = new Graph();
    const [images, shift] = [graph.input('images', shape), graph.input('shift', [])];
    const executable = await engine.compile(graph.program({ y: add(images, shift) }));
    if (!engine.takesBytes) {
      await assert.rejects(
        executable.run({ images: someBytes(0), shift: floats(0) }),
        /this engine takes the input images as numbers, not as bytes/,
      );
      return;
    }
    const expected = (seed: number): Float32Array => imagesOfBytes(someBytes(seed));
    const tables = someBytes(0).tables;
    const first = { ...someBytes(1), tables };
    const { y } = await executable.run({ images: first, shift: floats(0) }, {}, { images: someBytes(2) });
    assert.deepEqual(y, expected(1));
    assert.deepEqual(tables, someBytes(0).tables, 'tables stay the caller’s');
    assert.equal(first.pixels.length, 0);
    assert.deepEqual((await executable.run({ shift: floats(0) })).y, expected(2));
    const given = { images: someBytes(3), shift: floats(0) };
    await executable.run({ images: expected(1), shift: floats(0) }, {}, { images: someBytes(4) });
    assert.deepEqual((await executable.run(given)).y, expected(3));
    await assert.rejects(executable.run(given), /the input images is empty: an earlier call transferred/);
    const short = { ...someBytes(1), placements: new Int32Array(8) };
    await assert.rejects(
      executable.run({ images: short, shift: floats(0) }),
      /images as bytes must have 150, 9, 512 .*, not 150, 8, 512/,
    );
    await assert.rejects(
      executable.run({ images: expected(1), shift: someBytes(1) }),
      /the input shift \(f32\[\]\) cannot be given as bytes/,
    );
  },
};

/** Three images [2, 5, 5], one of them partly outside, one mirrored. */
function someBytes(seed: number): ImageBytes {
  return {
    pixels: Uint8Array.from({ length: 150 }, (_, i) => (i * 37 + seed * 101) % 256),
    placements: Int32Array.of(0, 0, 0, -2, 3, 1, seed, -1, seed % 2),
    tables: Float32Array.from({ length: 512 }, (_, i) => Math.fround((i - 200) / 77)),
  };
}
