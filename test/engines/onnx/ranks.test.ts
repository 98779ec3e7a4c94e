/** Programs that are cut at their collectives, beside the same programs in one piece. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Communicator, soloCommunicator } from '../../../src/distributed/communicator.js';
import { OnnxBackend } from '../../../src/engines/onnx/backend.js';
import { RankedBackend } from '../../../src/engines/onnx/node/ranks/rankedBackend.js';
import { splitProgram } from '../../../src/engines/onnx/node/ranks/splitProgram.js';
import { NodeRuntime } from '../../../src/engines/onnx/node/runtime.js';
import { providers } from '../../../src/engines/onnx/providers.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import { recompute } from '../../../src/graph/recompute.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel } from '../../../src/models/registry.js';
import { sgd } from '../../../src/optim/sgd.js';
import { trainProgram } from '../../../src/train/programs.js';
import { TINY_SIZE, TinyModel } from '../../train/fixtures/tiny.js';

const BATCH = 4;
const model = new TinyModel();
const runtime = new NodeRuntime({ provider: providers.cpu, threads: 1 });

const stepOf = (syncBatchNorm: boolean): Program =>
  trainProgram(model, biasLoss(), sgd({ momentum: 0.9 }), BATCH, { ranks: 2, syncBatchNorm, clipNorm: 1 });

/** A rank that combines its tensors with nobody's, and counts how it is asked to. */
class Alone implements Communicator {
  readonly rank = 0;
  readonly size = 2;
  readonly description = 'alone';
  readonly broadcast = soloCommunicator.broadcast;
  readonly barrier = soloCommunicator.barrier;
  readonly abort = soloCommunicator.abort;
  readonly close = soloCommunicator.close;
  calls = 0;
  /** Buffers of the longest call. */
  buffers = 0;
  private longest = 0;

  allReduce(arrays: Parameters<Communicator['allReduce']>[0]): void {
    this.calls++;
    if (arrays.length <= this.longest) return;
    this.longest = arrays.length;
    this.buffers = new Set(arrays.map(({ buffer }) => buffer)).size;
  }
}

/** Outputs of three steps, and all variables after them. */
async function train(program: Program, communicator?: Communicator): Promise<unknown> {
  const plain = new OnnxBackend(runtime);
  const backend = communicator ? new RankedBackend(plain, runtime, communicator) : plain;
  const variables = new Map(variablesOf(program).map((type) => [type.name, backend.variable(type)]));
  for (const { name, parameter } of model.stateEntries())
    variables.get(name)?.write(parameter.initialise(1, name));
  const executable = await backend.compile(program, { variables, frozen: false, precision: 'f32' });
  const outputs: unknown[] = [];
  for (let step = 0; step < 3; step++) {
    const images = Float32Array.from({ length: BATCH * 3 * TINY_SIZE ** 2 }, (_, k) => Math.sin(k + step));
    const inputs = { images, labels: Int32Array.of(1, 2, 0, 1), learningRate: Float32Array.of(0.05) };
    outputs.push(await executable.run(inputs, { seed: 0, step }));
  }
  const values = new Map<string, unknown>();
  for (const [name, variable] of variables) values.set(name, variable.read());
  await executable.close();
  for (const variable of variables.values()) variable.dispose();
  return { outputs, values };
}

for (const syncBatchNorm of [false, true])
  test(`a step that is cut computes what it does in one piece, ${syncBatchNorm ? 'with' : 'without'} statistics of all ranks`, async () => {
    const program = stepOf(syncBatchNorm);
    const communicator = new Alone();
    assert.deepEqual(await train(program, communicator), await train(program));
    const collectives = program.nodes.filter(({ kind }) => kind === 'allReduce').length;
    assert.equal(communicator.calls, 3 * collectives);
    assert.equal(communicator.buffers, 1, 'gradients lie in one row');
  });

test('labels that are no class are refused in a cut program, too', async () => {
  const plain = new OnnxBackend(runtime);
  const backend = new RankedBackend(plain, runtime, new Alone());
  const program = stepOf(false);
  const variables = new Map(variablesOf(program).map((type) => [type.name, backend.variable(type)]));
  const executable = await backend.compile(program, { variables, frozen: false, precision: 'f32' });
  const inputs = {
    images: new Float32Array(BATCH * 3 * TINY_SIZE ** 2),
    labels: Int32Array.of(1, -1, 0, 1),
    learningRate: Float32Array.of(0.05),
  };
  await assert.rejects(async () => executable.run(inputs, { seed: 0, step: 0 }), /label -1 of image 1/);
  await executable.close();
});

test('a step has three stages, and what is computed again in the backward pass is not carried', () => {
  const network = createModel({ name: 'resnet18', classes: 5, imageSize: 32 });
  const program = recompute(trainProgram(network, biasLoss(), sgd(), 2, { ranks: 2 }));
  const { stages, carried } = splitProgram(program);
  assert.equal(stages.length, 3);
  for (const { program: part } of stages) {
    const known = new Set<number>();
    for (const { kind, inputs, outputs } of part.nodes) {
      assert.notEqual(kind, 'allReduce');
      for (const value of inputs) assert.ok(known.has(value), `${kind} reads what no node before it makes`);
      for (const value of outputs) known.add(value);
    }
    for (const value of [...Object.values(part.outputs), ...Object.values(part.updates)])
      assert.ok(known.has(value));
  }
  assert.deepEqual(
    stages.map(({ combinations }) => combinations.map(({ fn }) => fn).sort()),
    [['max', 'mean', 'min'], ['mean', 'sum'], []],
  );
  // The operands of normalisations are, not their results nor those of activations.
  const activations = program.nodes.filter(({ kind }) => kind === 'conv2d').length;
  const large = [...carried.values()].filter(({ shape }) => shape.length === 4 && shape[0] === 2);
  assert.ok(large.length <= activations + 9, `${large.length} tensors of images are carried`);
});
