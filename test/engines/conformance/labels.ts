import assert from 'node:assert/strict';
import type { Engine } from '../../../src/engines/engine.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { softmaxCrossEntropy } from '../../../src/graph/ops/crossEntropy.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { concat, detach, reshape, slice } from '../../../src/graph/ops/shape.js';
import { oneHot } from '../../../src/graph/ops/softTargets.js';
import { variablesOf } from '../../../src/graph/program.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { Behaviour } from './compiled.js';

/** What labels can be made of: 4 labels from 6, of which the first and the last are left out. */
const origins: Readonly<Record<string, (graph: Graph, labels: Int32Array) => Tensor>> = {
  'an input': (graph) => slice(graph.input('labels', [6], 'i32'), 0, 1, 5),
  'a variable': (graph) => slice(graph.variable('moved.labels', [6], 'i32'), 0, 1, 5),
  'a constant': (graph, labels) => slice(graph.constant(labels, [6]), 0, 1, 5),
  'an input that is cut up, joined and given another shape': (graph) => {
    const table = reshape(graph.input('labels', [6], 'i32'), [3, 2]);
    const [first, rest] = [slice(table, 0, 0, 1), slice(table, 0, 1, 3)];
    return detach(slice(reshape(concat([first, rest], 0), [6]), 0, 1, 5));
  },
};

/** The outputs of a program that uses labels of one of the origins, or the error by which the engine refuses them. */
async function resultsOf(
  engine: Engine,
  origin: keyof typeof origins,
  labels: Int32Array,
): Promise<Record<string, number[]> | Error> {
  const graph = new Graph();
  const logits = graph.input('logits', [4, 3]);
  const moved = origins[origin]!(graph, labels);
  const { loss } = softmaxCrossEntropy(logits, moved);
  const [gradient] = gradients(sum(loss), [logits]);
  const program = graph.program({ loss, gradient: gradient!, targets: oneHot(moved, 3) });
  const variables = await engine.variables(variablesOf(program));
  if (variablesOf(program).length > 0) await variables.write(new Map([['moved.labels', labels]]));
  try {
    const executable = await engine.compile(program, { variables });
    const hasInput = program.nodes.some(
      ({ kind, attributes }) => kind === 'input' && 'name' in attributes && attributes.name === 'labels',
    );
    const logitsOf = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const found = await executable.run({ logits: logitsOf, ...(hasInput && { labels: labels.slice() }) });
    await executable.close();
    return Object.fromEntries(Object.entries(found).map(([name, data]) => [name, [...data]]));
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  } finally {
    await variables.dispose();
  }
}

/** What an engine must do with class numbers. */
export const labelBehaviours: Readonly<Record<string, Behaviour>> = Object.fromEntries(
  Object.keys(origins).map((origin) => [
    `labels of ${origin} that are no class are refused, or all that they enter is NaN`,
    async (engine: Engine) => {
      // The first and the last are not used.
      const good = await resultsOf(engine, origin, Int32Array.of(-1, 0, 1, 2, 0, 3));
      assert.ok(!(good instanceof Error), String(good));
      assert.deepEqual(good.targets, [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
      assert.ok(good.loss!.every((value) => value > 0));
      for (const bad of [-1, 3]) {
        const found = await resultsOf(engine, origin, Int32Array.of(0, 0, 1, bad, 0, 0));
        if (found instanceof Error)
          assert.match(found.message, new RegExp(`label ${bad} of image 2 is not in 0 … 2`));
        else {
          const [losses, slopes] = [found.loss!, found.gradient!];
          assert.ok(Number.isNaN(losses[2]) && losses.filter(Number.isNaN).length === 1, `${losses}`);
          for (const rows of [slopes, found.targets!])
            assert.ok(
              rows.every((value, i) => Number.isNaN(value) === (i >= 6 && i < 9)),
              `${rows}`,
            );
        }
      }
    },
  ]),
);
