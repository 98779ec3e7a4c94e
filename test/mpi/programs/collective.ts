/** Each rank runs programs with collectives on an engine, given by name, and prints their outputs. */

import { launchedRanks } from '../../../src/distributed/launcher.js';
import { createEngine, type EngineName } from '../../../src/engines/createEngine.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import type { RankReduction } from '../../../src/graph/op.js';
import { allReduce, allReduceAll } from '../../../src/graph/ops/collective.js';
import { add, mul } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import type { Program } from '../../../src/graph/program.js';
import { report } from './report.js';

/** y = fn(x) over ranks, and the gradient of Σ weight·y, where each rank has a weight of its own. */
function reduction(fn: RankReduction): Program {
  const graph = new Graph();
  const x = graph.input('x', [3]);
  const y = allReduce(x, fn);
  const [dx] = gradients(sum(mul(y, graph.input('weight', []))), [x]);
  return graph.program({ y, dx: dx! });
}

/** A variable to which what ranks have together is added, beside the old value; and random numbers. */
function state(): Program {
  const graph = new Graph();
  const variable = graph.variable('v', [2]);
  const [v, large] = allReduceAll([variable, graph.input('large', [20_000])], 'sum');
  const next = add(v!, 1);
  return graph.program(
    { before: variable, v: v!, large: sum(large!), random: graph.uniform('u', [2]) },
    new Map([['v', next]]),
  );
}

const ranks = launchedRanks();
const { rank } = ranks;
const engine = await createEngine(process.argv[2] as EngineName, { threads: 1 }, ranks);
const results: Record<string, unknown> = {};
const plain = (outputs: Record<string, ArrayLike<number>>): unknown =>
  Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, Array.from(data)]));
for (const fn of ['sum', 'mean', 'min', 'max'] as const) {
  const executable = await engine.compile(reduction(fn));
  const inputs = { x: Float32Array.of(rank, 1 - rank, 4), weight: Float32Array.of(rank + 1) };
  results[fn] = plain(await executable.run(inputs));
}
const variables = await engine.variables([{ name: 'v', shape: [2] }]);
await variables.write(new Map([['v', Float32Array.of(1, 2)]]));
const executable = await engine.compile(state(), { variables });
const runs = [];
for (let i = 0; i < 2; i++)
  runs.push(plain(await executable.run({ large: new Float32Array(20_000).fill(1) })));
report({ rank, results, runs });
await engine.close();
