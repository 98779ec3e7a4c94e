import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Engine } from '../../src/engines/engine.js';
import { sizeOf } from '../../src/graph/tensorType.js';
import { adamw } from '../../src/optim/adamw.js';
import { lion } from '../../src/optim/lion.js';
import { type Optimizer, stateVariable } from '../../src/optim/optimizer.js';
import { rmsprop } from '../../src/optim/rmsprop.js';
import { sgd } from '../../src/optim/sgd.js';
import { updateProgram } from '../../src/train/programs.js';
import { formulaUniform } from '../support/formula.js';
import { l2Norm, relativeError, type TensorSummary } from '../support/golden.js';
import { onednnMissing } from '../support/onednn.js';

interface Golden {
  readonly steps: number;
  readonly results: Readonly<Record<string, Readonly<Record<string, TensorSummary>>>>;
}

/** What bench/pytorch/golden_recipes.py wrote. */
const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/optimizers.json', import.meta.url), 'utf8'),
) as Golden;

const PARAMETERS = [
  { name: 'conv', shape: [4, 3, 3, 3] },
  { name: 'large', shape: [64, 48] },
  { name: 'bias', shape: [5] },
];

const cases: Readonly<Record<string, readonly [optimizer: Optimizer, learningRate: number]>> = {
  sgd: [sgd({ momentum: 0.9, weightDecay: 1e-3, nesterov: true }), 0.1],
  adamw: [adamw(), 0.01],
  'adamw-apart': [adamw({ betas: [0.8, 0.95], eps: 1e-6, weightDecay: 0.1, decayBiasNorm: false }), 0.02],
  rmsprop: [rmsprop(), 0.01],
  'rmsprop-momentum': [rmsprop({ smoothing: 0.9, eps: 1e-3, momentum: 0.9, weightDecay: 0.01 }), 0.01],
  'rmsprop-tf': [rmsprop({ tensorFlow: true, eps: 1e-3, momentum: 0.9, weightDecay: 0.01 }), 0.01],
  lion: [lion(), 0.01],
  'lion-decay': [lion({ betas: [0.95, 0.98], weightDecay: 0.1 }), 0.01],
};

const values = (name: string, shape: readonly number[]): Float32Array =>
  Float32Array.from(formulaUniform(name, sizeOf(shape)));

/** Parameters after the steps of the golden numbers. */
async function parametersAfter(
  engine: Engine,
  [optimizer, learningRate]: readonly [Optimizer, number],
): Promise<ReadonlyMap<string, Float32Array>> {
  const states = PARAMETERS.flatMap(({ name, shape }) =>
    optimizer.state.map((state) => ({ name: stateVariable(state, name), shape, state })),
  );
  const variables = await engine.variables([...PARAMETERS, ...states]);
  for (const { name, shape } of PARAMETERS) await variables.write(new Map([[name, values(name, shape)]]));
  for (const { name, shape, state } of states)
    await variables.write(
      new Map([[name, new Float32Array(sizeOf(shape)).fill(optimizer.initial?.[state] ?? 0)]]),
    );
  const executable = await engine.compile(updateProgram(optimizer, PARAMETERS), { variables });
  for (let step = 0; step < golden.steps; step++)
    await executable.run({
      ...Object.fromEntries(
        PARAMETERS.map(({ name, shape }) => [`gradient.${name}`, values(`gradient:${name}:${step}`, shape)]),
      ),
      gradientScale: Float32Array.of(1),
      learningRate: Float32Array.of(learningRate),
      step: Float32Array.of(step + 1),
    });
  const read = (await variables.read()) as Map<string, Float32Array>;
  await executable.close();
  return read;
}

const subjects = [
  { name: 'reference', skip: false },
  { name: 'onnx', skip: false },
  { name: 'onednn', skip: await onednnMissing() },
] as const;

for (const { name: engineName, skip } of subjects)
  describe(`optimisers as PyTorch’s over ${golden.steps} steps: ${engineName}`, { skip }, () => {
    let engine: Promise<Engine> | undefined;
    after(async () => (await engine)?.close());
    for (const [name, one] of Object.entries(cases))
      it(name, async () => {
        engine ??= createEngine(engineName, { threads: 1, precision: 'f32' });
        const found = await parametersAfter(await engine, one);
        for (const [parameter, { l2, first }] of Object.entries(golden.results[name]!)) {
          const after20 = found.get(parameter)!;
          const norm = l2Norm(after20);
          assert.ok(Math.abs(norm - l2) / l2 < 2e-6, `${parameter}: norm ${norm} instead of ${l2}`);
          const error = relativeError(after20.slice(0, first.length), first);
          assert.ok(error < 5e-6, `${parameter}: relative error ${error} of ${after20.slice(0, 8)}`);
        }
      });
  });
