import assert from 'node:assert/strict';
import { Graph } from '../../../src/graph/graph.js';
import { add, mul } from '../../../src/graph/ops/elementwise.js';
import type { Behaviour } from './variables.js';

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
};
