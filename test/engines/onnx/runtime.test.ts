/** What the engine asks of a runtime: results fed back, tensors disposed of, sessions released. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnnxBackend } from '../../../src/engines/onnx/backend.js';
import { probeBlockSize } from '../../../src/engines/onnx/blockProbe.js';
import { NodeRuntime } from '../../../src/engines/onnx/node/runtime.js';
import { providers } from '../../../src/engines/onnx/providers.js';
import { openModelIn } from '../../../src/engines/onnx/runModel.js';
import type {
  OnnxRuntime,
  RuntimeSession,
  SessionOptions,
  Wanted,
} from '../../../src/engines/onnx/runtime.js';
import { UserError } from '../../../src/errors.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import type { Shape, TensorData } from '../../../src/graph/tensorType.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { sgd } from '../../../src/optim/sgd.js';
import { trainProgram } from '../../../src/train/programs.js';
import { TINY_SIZE, TinyModel } from '../../train/fixtures/tiny.js';

const node = new NodeRuntime({ provider: providers.cpu, threads: 1 });
type NodeTensor = ReturnType<NodeRuntime['tensor']>;

/** A tensor of {@link DeviceRuntime}. */
interface Held {
  readonly tensor: NodeTensor;
  isFreed: boolean;
}

/** A runtime as a device has it: results are tensors of their own, tensors live until they are disposed of. */
class DeviceRuntime implements OnnxRuntime<Held> {
  readonly name = 'device';
  readonly resources = '1 thread';
  readonly provider = { ...providers.webgpu, name: providers.cpu.name };
  readonly writesOver = false;
  /** Tensors that are not disposed of. */
  readonly held = new Set<Held>();
  sessions = 0;

  tensor(data: TensorData | Uint8Array, shape: Shape): Held {
    return this.hold(node.tensor(data, shape));
  }

  async read({ tensor, isFreed }: Held): Promise<TensorData> {
    assert.ok(!isFreed, 'a tensor is read after it was disposed of');
    return node.read(tensor);
  }

  async take(held: Held): Promise<TensorData> {
    const data = await this.read(held);
    this.dispose(held);
    return data;
  }

  dispose(held: Held): void {
    assert.ok(!held.isFreed, 'a tensor is disposed of twice');
    held.isFreed = true;
    this.held.delete(held);
  }

  async session(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession<Held>> {
    const session = await node.session(model, options);
    this.sessions++;
    return {
      run: (feeds, wanted) => this.run(session, feeds, wanted),
      release: async () => {
        this.sessions--;
        await session.release();
      },
    };
  }

  private async run(
    session: RuntimeSession<NodeTensor>,
    feeds: Readonly<Record<string, Held>>,
    wanted: readonly Wanted<Held>[],
  ): Promise<Held[]> {
    const fed = Object.entries(feeds).map(([name, held]) => {
      assert.ok(!held.isFreed, `${name} is disposed of`);
      return [name, held.tensor] as const;
    });
    const results = await session.run(
      Object.fromEntries(fed),
      wanted.map(({ name, type, toHost }) => ({ name, type, toHost })),
    );
    return results.map((tensor) => this.hold(tensor));
  }

  private hold(tensor: NodeTensor): Held {
    const held = { tensor, isFreed: false };
    this.held.add(held);
    return held;
  }
}

const BATCH = 2;
const model = new TinyModel();
const step = trainProgram(model, biasLoss(), sgd({ momentum: 0.9 }), BATCH);

/** Losses of some steps on a runtime, and the weights after them. */
async function train<Tensor>(runtime: OnnxRuntime<Tensor>, program: Program, steps: number) {
  const backend = new OnnxBackend(runtime);
  const variables = new Map(variablesOf(program).map((type) => [type.name, backend.variable(type)]));
  for (const { name, parameter } of model.stateEntries())
    variables.get(name)?.write(parameter.initialise(1, name));
  const executable = await backend.compile(program, { variables, frozen: false, precision: 'f32' });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const images = Float32Array.from({ length: BATCH * 3 * TINY_SIZE ** 2 }, (_, k) => Math.sin(k + i));
    const inputs = { images, labels: Int32Array.of(1, 2), learningRate: Float32Array.of(0.05) };
    losses.push((await executable.run(inputs, { seed: 0, step: i })).loss![0]!);
  }
  const weights = await variables.get('conv.weight')!.read();
  await executable.close();
  for (const variable of variables.values()) variable.dispose();
  return { losses, weights };
}

test('a runtime whose results are tensors of their own trains as one that writes over given ones', async () => {
  const provider = { ...providers.webgpu, name: providers.cpu.name };
  const expected = await train(new NodeRuntime({ provider, threads: 1 }), step, 3);
  const device = new DeviceRuntime();
  assert.deepEqual(await train(device, step, 3), expected);
  assert.equal(new Set(expected.losses).size, 3);
  assert.equal(device.sessions, 0);
});

test('every tensor of a run and of a variable is disposed of', async () => {
  const counts = await Promise.all(
    [1, 3].map(async (steps) => {
      const device = new DeviceRuntime();
      await train(device, step, steps);
      return device.held.size;
    }),
  );
  assert.deepEqual(counts, [0, 0]);
});

test('sessions are released where a probe or a model fails', async () => {
  const device = new DeviceRuntime();
  const failing: OnnxRuntime<Held> = Object.assign(Object.create(device) as DeviceRuntime, {
    take: () => {
      throw new Error('lost');
    },
  });
  assert.equal(await probeBlockSize(failing), undefined);
  assert.equal(device.sessions, 0);
  await assert.rejects(openModelIn(device, Uint8Array.of(1, 2, 3), 'a.onnx'), (error) => {
    return error instanceof UserError && error.message.startsWith('a.onnx cannot be run: ');
  });
  assert.equal(device.sessions, 0);
});
