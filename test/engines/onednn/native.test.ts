import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import { Graph } from '../../../src/graph/graph.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import { variablesOf } from '../../../src/graph/program.js';
import { gradientGraph } from '../../support/gradientCheck.js';
import { isMissing } from '../../support/onednn.js';
import { largeCases } from '../gradients/largeCases.js';

const engine = await createEngine('onednn', { threads: 1, precision: 'f32' }).catch((error: unknown) => {
  if (isMissing(error)) return undefined;
  throw error;
});

/** Cases with steps in TypeScript: a selection, which the library lacks, and loops over labels. */
const exceptions = /^x where it is positive|^softmaxCrossEntropy/;

describe('large tensors are computed by the library', {
  skip: engine === undefined && 'oneDNN is missing',
}, () => {
  after(() => engine?.close());

  for (const one of largeCases.filter(({ name }) => !exceptions.test(name)))
    test(one.name, async () => {
      const { graph, result, gradients } = gradientGraph(one);
      const executable = await engine!.compile(graph.program({ result, ...gradients }));
      const [, kibibytes] = /largest on ([\d.]+) KiB/.exec(executable.description!) ?? [];
      assert.ok(Number(kibibytes ?? 0) < 8, executable.description);
      await executable.close();
    });

  test('an update with Nesterov’s momentum', async () => {
    const graph = new Graph();
    const variable = (name: string) => graph.variable(`native.${name}`, [64, 64]);
    const next = sgdUpdate(
      {
        parameter: variable('w'),
        gradient: variable('g'),
        momentum: variable('m'),
        learningRate: graph.input('rate', []),
      },
      { momentum: 0.9, weightDecay: 1e-4, nesterov: true },
    );
    const updates = new Map([
      ['native.w', next.parameter],
      ['native.m', next.momentum],
    ]);
    const program = graph.program({}, updates);
    const variables = await engine!.variables(variablesOf(program));
    const executable = await engine!.compile(program, { variables });
    // The learning rate's sign is changed by one.
    assert.match(executable.description!, /1 of them in TypeScript, the largest on 0\.0 KiB$/);
    await executable.close();
  });
});
