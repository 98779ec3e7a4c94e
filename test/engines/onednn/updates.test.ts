/** Updates of many parameters by one kernel: against the reference, the primitives of the library, and other numbers of threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine, type EngineName } from '../../../src/engines/createEngine.js';
import type { Engine } from '../../../src/engines/engine.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import { sizeOf, type TensorData } from '../../../src/graph/tensorType.js';
import { crossEntropyLoss } from '../../../src/losses/crossEntropy.js';
import { createModel } from '../../../src/models/registry.js';
import { adamw } from '../../../src/optim/adamw.js';
import { lion } from '../../../src/optim/lion.js';
import type { Optimizer } from '../../../src/optim/optimizer.js';
import { withRateScales } from '../../../src/optim/rateScales.js';
import { rmsprop } from '../../../src/optim/rmsprop.js';
import { sgd } from '../../../src/optim/sgd.js';
import { fillUniform } from '../../../src/random.js';
import {
  gradientName,
  type TrainedParameter,
  trainProgram,
  updateProgram,
} from '../../../src/train/programs.js';
import { onednnMissing } from '../../support/onednn.js';

const skip = await onednnMissing();

/** Sizes about those of vectors, and of the pieces that threads take; two and more axes decay, one does not. */
const ODD: readonly TrainedParameter[] = [
  [1],
  [7],
  [8, 1],
  [3, 3],
  [31],
  [64, 3, 3, 3],
  [1000],
  [8192],
  [8193],
  [41, 401],
  [100, 3, 111],
].map((shape, i) => ({ name: `p${i}`, shape }));

const MANY: readonly TrainedParameter[] = Array.from({ length: 3000 }, (_, i) => ({
  name: `p${i}`,
  shape: [1 + (i % 13)],
}));

const LARGE = ODD.filter(({ shape }) => sizeOf(shape) >= 2048);

const optimizers: Readonly<Record<string, Optimizer>> = {
  SGD: sgd({ weightDecay: 0.01 }),
  'SGD without momentum': sgd({ momentum: 0, weightDecay: 0 }),
  'SGD with Nesterov’s momentum and groups': withRateScales(
    sgd({ nesterov: true, weightDecay: 0.1, decayBiasNorm: false }),
    (name) => (name === 'p3' || name === 'p9' ? 0.1 : 1),
  ),
  'AdamW, two groups': adamw({ weightDecay: 0.1, decayBiasNorm: false }),
  RMSprop: rmsprop({ momentum: 0.9, weightDecay: 0.01 }),
  'RMSprop by TensorFlow’s rule': rmsprop({ momentum: 0.9, tensorFlow: true }),
  Lion: lion({ weightDecay: 0.1 }),
};

function random(name: string, elements: number, step: number): Float32Array {
  const numbers = new Float32Array(elements);
  fillUniform(numbers, 7, name, step);
  return numbers.map((x) => x - 0.5);
}

/** State of optimisers that is an average of squares. */
const isSquare = (name: string): boolean => /secondMoment|squares/.test(name);

/** The variable that turns kernels of our own off is read when an engine starts. */
async function start(name: EngineName, threads: number, kernels: boolean): Promise<Engine> {
  if (!kernels) process.env.BIASLOSS_KERNELS = '0';
  try {
    return await createEngine(name, { threads });
  } finally {
    delete process.env.BIASLOSS_KERNELS;
  }
}

interface Run {
  readonly engine: EngineName;
  /** Default true. */
  readonly kernels?: boolean;
  readonly threads?: number;
  readonly steps?: number;
}

/** The variables after some steps of a program that takes gradients, all random. */
async function trained(
  program: Program,
  parameters: readonly TrainedParameter[],
  { engine: name, threads = 2, steps = 3, kernels = true }: Run,
): Promise<Map<string, TensorData>> {
  const engine = await start(name, threads, kernels);
  try {
    const specs = variablesOf(program);
    const variables = await engine.variables(specs);
    await variables.write(
      new Map(
        specs.map(({ name: variable, shape }) => {
          const values = random(variable, sizeOf(shape), 0);
          return [variable, isSquare(variable) ? values.map(Math.abs) : values];
        }),
      ),
    );
    const executable = await engine.compile(program, { variables });
    for (let step = 1; step <= steps; step++) {
      const gradients = parameters.map(
        ({ name: parameter, shape }) =>
          [gradientName(parameter), random(`g ${parameter}`, sizeOf(shape), step)] as const,
      );
      await executable.run({
        ...Object.fromEntries(gradients),
        gradientScale: Float32Array.of(0.75),
        learningRate: Float32Array.of(0.1),
        step: Float32Array.of(step),
      });
    }
    return await variables.read();
  } finally {
    await engine.close();
  }
}

function assertClose(found: Map<string, TensorData>, expected: Map<string, TensorData>): void {
  assert.deepEqual([...found.keys()], [...expected.keys()]);
  for (const [name, values] of expected)
    values.forEach((value, i) => {
      const other = found.get(name)![i]!;
      assert.ok(Math.abs(other - value) <= 2e-6 * (1 + Math.abs(value)), `${name}[${i}]: ${other}, ${value}`);
    });
}

for (const [name, optimizer] of Object.entries(optimizers)) {
  const program = updateProgram(optimizer, ODD, { averageDecay: 0.9, clipNorm: 3 });

  test(`${name}: as the reference, and the same bits on one thread and two`, { skip }, async () => {
    const expected = await trained(program, ODD, { engine: 'reference' });
    const found = await trained(program, ODD, { engine: 'onednn' });
    assertClose(found, expected);
    assert.deepEqual(await trained(program, ODD, { engine: 'onednn', threads: 1 }), found);
  });
}

for (const [name, optimizer] of Object.entries(optimizers)) {
  test(`${name}: parameters of 2048 and more numbers get the bits that the library’s primitives compute`, {
    skip,
  }, async () => {
    const program = updateProgram(optimizer, LARGE, { averageDecay: 0.9 });
    const found = await trained(program, LARGE, { engine: 'onednn' });
    assert.deepEqual(await trained(program, LARGE, { engine: 'onednn', kernels: false }), found);
  });
}

test('without kernels small and large parameters are updated one by one', { skip }, async () => {
  const program = updateProgram(sgd(), ODD, { averageDecay: 0.9, clipNorm: 3 });
  const expected = await trained(program, ODD, { engine: 'reference' });
  assertClose(await trained(program, ODD, { engine: 'onednn', kernels: false }), expected);
});

test('thousands of parameters, and one', { skip }, async () => {
  for (const parameters of [MANY, MANY.slice(5, 6)]) {
    const program = updateProgram(sgd(), parameters);
    const expected = await trained(program, parameters, { engine: 'reference', steps: 2 });
    assertClose(await trained(program, parameters, { engine: 'onednn', steps: 2 }), expected);
  }
});

test('the update of a model is one step', { skip }, async (t) => {
  const engine = await createEngine('onednn', { threads: 2 });
  try {
    const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 10 });
    const program = trainProgram(model, crossEntropyLoss(), sgd(), 2);
    const variables = await engine.variables(variablesOf(program));
    const executable = await engine.compile(program, { variables });
    const entries = await executable.profile!({
      images: new Float32Array(2 * 3 * 32 * 32),
      labels: new Int32Array(2),
      learningRate: Float32Array.of(0.1),
    });
    const update = entries.filter(({ operation }) => operation === 'sgdUpdate');
    if (!update.some(({ implementation }) => implementation.startsWith('our kernel'))) {
      t.skip('no machine code can be run here');
      return;
    }
    assert.equal(update.length, 1);
  } finally {
    await engine.close();
  }
});
