import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../../../../src/engines/createEngine.js';
import type { KernelSource } from '../../../../src/engines/cuda/device.js';
import { LoadedKernels } from '../../../../src/engines/cuda/native/kernels/loadedKernels.js';
import { LoadedKernel } from '../../../../src/engines/cuda/native/launch.js';
import { openDevice } from '../../../../src/engines/cuda/native/openDevice.js';
import { OutOfDeviceMemory } from '../../../../src/engines/cuda/native/outOfDeviceMemory.js';
import { UserError } from '../../../../src/errors.js';
import { fakeCards, numbered, withoutFakeDriver } from './fixtures/fakeDriver.js';

const skip = withoutFakeDriver();
const { environment, folder, open, set } = fakeCards();

/** The one sentence that is thrown. */
function refusal(body: () => void): string {
  let message = '';
  assert.throws(body, (error) => {
    assert.ok(error instanceof UserError);
    message = error.message;
    assert.ok(!message.includes('\n'), message);
    return true;
  });
  return message;
}

describe('a driver', { skip }, () => {
  it('that is too old says what it supports', () => {
    set({ VERSION: '11080' });
    assert.match(
      refusal(() => openDevice(environment)),
      /driver is too old: it supports CUDA 11; .* needs 12/,
    );
  });

  it('that has no GPU says so', () => {
    set({ DEVICES: '0' });
    assert.match(
      refusal(() => openDevice(environment)),
      /no NVIDIA GPU was found/,
    );
  });

  it('that has a GPU which is too old names it', () => {
    set({ CAPABILITY: '61' });
    assert.match(
      refusal(() => openDevice(environment)),
      /Fake GPU 0 has compute capability 6\.1; this engine needs 7\.0 or newer/,
    );
  });

  it('is why auto does not use CUDA', async () => {
    const earlier = process.env.BIASLOSS_CUDA;
    process.env.BIASLOSS_CUDA = folder;
    set({ VERSION: '11080' });
    try {
      const engine = await createEngine('auto');
      await engine.close();
      assert.notEqual(engine.name, 'cuda');
      assert.match(engine.description, /\(CUDA is not used: the NVIDIA driver is too old/);
    } finally {
      if (earlier === undefined) delete process.env.BIASLOSS_CUDA;
      else process.env.BIASLOSS_CUDA = earlier;
    }
  });
});

describe('a device', { skip }, () => {
  it('copies arrays of any size there and back', () => {
    const device = open();
    // Larger than a piece of the staging memory, of several pieces, and small ones of odd sizes.
    const arrays = [20_000_003, 1, 17_000_000, 7, 65].map(numbered);
    const pointers = arrays.map(({ length }) => device.allocate(length));
    for (const [index, array] of arrays.entries()) {
      const copy = array.slice();
      device.upload(pointers[index]!, copy);
      copy.fill(0);
    }
    const read = arrays.map(({ length }, index) => ({
      pointer: pointers[index]!,
      data: new Uint8Array(length),
    }));
    for (const one of read) device.download(one.pointer, one.data);
    for (const [index, { data }] of read.entries()) assert.ok(Buffer.from(data).equals(arrays[index]!));
    for (const pointer of pointers) device.free(pointer);
    device.close();
  });

  it('repeats a pattern', () => {
    const device = open();
    const pointer = device.allocate(1000);
    device.clear(pointer, 1000);
    device.upload(pointer, Uint8Array.of(1, 2, 3));
    device.repeat(pointer, 3, 100);
    const data = new Uint8Array(102);
    device.download(pointer, data);
    assert.deepEqual([...data], [...Array.from({ length: 100 }, (_, index) => 1 + (index % 3)), 0, 0]);
    device.close();
  });

  it('refuses uploads in a capture, and is usable after a capture that failed', () => {
    const device = open();
    const pointer = device.allocate(4);
    assert.throws(
      () => device.capture(() => device.upload(pointer, Float32Array.of(1))),
      /cannot be captured/,
    );
    device.upload(pointer, Float32Array.of(2));
    device.synchronize();
    const graph = device.capture(() => device.clear(pointer, 4));
    graph.launch();
    graph.close();
    device.close();
  });
});

describe('kernels on a device', { skip }, () => {
  it('are compiled once', async () => {
    const device = open();
    const kernels = new LoadedKernels(device.driver);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, source: `void ${name}();` })) as [
      KernelSource,
      KernelSource,
      KernelSource,
    ];
    const compiled: string[][] = [];
    const compiler: Parameters<LoadedKernels['of']>[1] = {
      compile: async (sources) => {
        compiled.push(sources.map(({ name }) => name));
        const image = new Uint8Array(8);
        return sources.map(() => image);
      },
    };
    const first = await kernels.of([a, b, a], compiler);
    const second = await kernels.of([c, a, b], compiler);
    assert.deepEqual(
      second.map(({ name }) => name),
      ['c', 'a', 'b'],
    );
    assert.deepEqual([second[1], second[2]], [first[0], first[1]]);
    await kernels.of([b, c], compiler);
    assert.deepEqual(compiled, [['a', 'b', 'a'], ['c']]);
    kernels.close();
    await kernels.of([b], compiler);
    assert.deepEqual(compiled.at(-1), ['b']);
    kernels.close();
    device.close();
  });
});

describe('a device without enough memory', { skip }, () => {
  it('says how much memory is free whatever finds too little', () => {
    const device = open();
    const pointer = device.allocate(4);
    const clear = (): void => device.clear(pointer, 4);
    const load = (): number => device.driver.loadModule(new Uint8Array(8));
    const kernel = new LoadedKernel('kernel', device.driver.functionOf(load(), 'kernel'));
    const graph = device.capture(clear);
    const tries: Readonly<Record<string, () => void>> = {
      cuModuleLoadData: load,
      cuLaunchKernel: () => device.launch(kernel, { blocks: 1, threads: 1 }, [pointer]),
      cuGraphInstantiateWithFlags: () => device.capture(clear).close(),
      cuGraphUpload: () => device.capture(clear).close(),
      cuGraphLaunch: () => graph.launch(),
      cuMemAllocHost_v2: () => device.upload(pointer, Float32Array.of(1)),
    };
    for (const [name, body] of Object.entries(tries)) {
      set({ FULL: name });
      assert.throws(body, OutOfDeviceMemory, name);
      const whose = name.includes('Host') ? 'the GPU or the machine' : 'the GPU';
      assert.equal(
        refusal(body),
        `${whose} has too little memory for ${name}: 5 MiB of 81920 MiB are free; a smaller batch size needs less`,
      );
      delete process.env.FAKE_CUDA_FULL;
      body();
    }
    graph.close();
    device.free(pointer);
    // Finds graphs that were not destroyed.
    device.close();
    set({ FULL: 'cuDevicePrimaryCtxRetain' });
    assert.equal(
      refusal(open),
      'the GPU has too little memory for cuDevicePrimaryCtxRetain: other processes may have it',
    );
  });
});

describe('a device in trouble', { skip }, () => {
  it('without enough memory says what is needed, what is free, and what to lower', () => {
    set({ MEMORY: String(2 ** 20) });
    const device = open();
    assert.equal(
      refusal(() => device.allocate(3 * 2 ** 30)),
      'the GPU has too little memory: 3072 MiB more are needed, 5 MiB of 81920 MiB are free; a smaller batch size needs less',
    );
    device.close();
  });

  it('that is lost says so, and what to do', () => {
    const device = open();
    const pointer = device.allocate(4);
    set({ LOST: '1' });
    assert.match(
      refusal(() => device.upload(pointer, Float32Array.of(1))),
      /^the NVIDIA GPU was lost: an illegal memory access .*; run again from the last checkpoint$/,
    );
    assert.match(
      refusal(() => device.deliver([{ pointer, data: new Uint8Array(4) }])),
      /^the NVIDIA GPU was lost/,
    );
  });

  it('that is lost while results come back says so', () => {
    for (const ask of ['isDone', 'wait'] as const) {
      set({ LAZY: '1' });
      const device = open();
      const pointer = device.allocate(4);
      device.upload(pointer, Float32Array.of(1));
      const delivery = device.deliver([{ pointer, data: new Uint8Array(4) }]);
      set({ LOST: '1' });
      assert.match(
        refusal(() => delivery[ask]()),
        /^the NVIDIA GPU was lost/,
      );
      delete process.env.FAKE_CUDA_LOST;
      device.synchronize();
      device.free(pointer);
      device.close();
    }
  });
});
