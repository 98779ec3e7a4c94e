import type { Engine } from '../../src/engines/engine.js';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { mul } from '../../src/graph/ops/elementwise.js';
import { sum } from '../../src/graph/ops/reduce.js';
import { slice } from '../../src/graph/ops/shape.js';
import { type Program, variablesOf } from '../../src/graph/program.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { sizeOf, type TensorData } from '../../src/graph/tensorType.js';
import { fillUniform } from '../../src/random.js';
import type { OperationCase } from './cases.js';

/** What is timed of an operation. */
export type Pass = 'forward' | 'forward and gradient';

/** A small part of a tensor: all of it is computed, and little is copied out. */
function partOf(tensor: Tensor): Tensor {
  return tensor.shape.length === 0 ? tensor : slice(tensor, 0, 0, 1);
}

/** The operation on variables of the engine, so that no time goes into handing them over. */
function programOf({ inputs, build }: OperationCase, pass: Pass): Program {
  const graph = new Graph();
  const tensors = inputs.map(({ shape, classes }, i) =>
    graph.variable(`x${i}`, shape, classes ? 'i32' : 'f32'),
  );
  const result = build(tensors);
  if (pass === 'forward') return graph.program({ result: partOf(result) });
  const wrt = tensors.filter(({ dtype }) => dtype === 'f32');
  const found = gradients(sum(mul(result, graph.variable('dy', result.shape))), wrt);
  return graph.program(Object.fromEntries(found.map((gradient, i) => [`dx${i}`, partOf(gradient)])));
}

/** Contents of a program's variables. */
function contentsOf(program: Program): Map<string, TensorData> {
  return new Map(
    program.nodes.flatMap((node) => {
      if (node.kind !== 'variable') return [];
      const { name, shape, dtype } = node.attributes;
      const values = new Float32Array(sizeOf(shape));
      fillUniform(values, 1, name, 0);
      return [[name, dtype === 'i32' ? Int32Array.from(values, (v) => v * 1000) : values] as const];
    }),
  );
}

/** Least seconds of several runs of an operation. */
export async function timeOurs(
  start: () => Promise<Engine>,
  operation: OperationCase,
  pass: Pass,
  rounds: number,
): Promise<number> {
  const engine = await start();
  try {
    const program = programOf(operation, pass);
    const variables = await engine.variables(variablesOf(program));
    await variables.write(contentsOf(program));
    const executable = await engine.compile(program, { variables });
    await executable.run({});
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const begin = performance.now();
      await executable.run({});
      least = Math.min(least, performance.now() - begin);
    }
    await executable.close();
    return least / 1000;
  } finally {
    await engine.close();
  }
}
