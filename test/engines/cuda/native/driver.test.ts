import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import koffi from 'koffi';
import { createEngine } from '../../../../src/engines/createEngine.js';
import { CudaDevice } from '../../../../src/engines/cuda/native/cudaDevice.js';
import { Driver } from '../../../../src/engines/cuda/native/driver/driver.js';
import { loadDriver } from '../../../../src/engines/cuda/native/library/cudaLibraries.js';
import { openDevice } from '../../../../src/engines/cuda/native/openDevice.js';
import { UserError } from '../../../../src/errors.js';
import { makeFakeDriver, withoutFakeDriver } from './fixtures/fakeDriver.js';

const SETTINGS = ['VERSION', 'DEVICES', 'CAPABILITY', 'MEMORY', 'LOST', 'LAZY'].map(
  (name) => `FAKE_CUDA_${name}`,
);

/** Has the driver be like this until the test ends. */
function set(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[`FAKE_CUDA_${name}`] = value;
}

/** Bytes that differ between places and between arrays. */
function numbered(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = index * 31 + (index >> 8) + seed;
  return bytes;
}

const skip = withoutFakeDriver();
const folder = mkdtempSync(join(tmpdir(), 'biasloss-cuda-'));
const environment = { ...process.env, BIASLOSS_CUDA: folder };
before(() => skip === false && makeFakeDriver(folder));
after(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  for (const name of SETTINGS) delete process.env[name];
});

/** A device without libraries. */
function open(): CudaDevice {
  const driver = new Driver(loadDriver(environment).handle);
  driver.initialize();
  driver.retainContext(0);
  return new CudaDevice(driver, { ordinal: 0, name: 'Fake GPU', multiprocessors: 132, capability: 90 });
}

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
  it('copies arrays of any size there and back, several in one wait', () => {
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
    device.downloadAll(read);
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

/**
 * Steps that each read what came while the one before ran, and write it to a place of their own, in any order that the device's streams
 * may take.
 *
 * @returns whether every step has read its own input
 */
function stepsBesideUploads(seed: number, steps: number, bytes: number): boolean {
  set({ LAZY: String(seed) });
  const device = open();
  const arrivals = device.arrivals();
  const [waiting, input, results] = [bytes, bytes, steps * bytes].map((size) => device.allocate(size)) as [
    number,
    number,
    number,
  ];
  const inputs = Array.from({ length: steps }, (_, step) => numbered(bytes, 17 * step));
  const send = (step: number): void => {
    const data = inputs[step]!.slice();
    arrivals.upload(waiting, data);
    data.fill(0);
  };
  send(0);
  for (let step = 0; step < steps; step++) {
    arrivals.take(() => device.copy(input, waiting, bytes));
    device.copy(results + step * bytes, input, bytes);
    if (step + 1 < steps) send(step + 1);
  }
  const found = new Uint8Array(steps * bytes);
  device.download(results, found);
  arrivals.close();
  for (const pointer of [waiting, input, results]) device.free(pointer);
  device.close();
  return inputs.every((expected, step) =>
    Buffer.from(found.subarray(step * bytes, (step + 1) * bytes)).equals(expected),
  );
}

describe('uploads beside the work of a device', { skip }, () => {
  it('wait for the work that reads what is there, as that waits for them', () => {
    for (let seed = 1; seed <= 40; seed++)
      assert.ok(stepsBesideUploads(seed, 6, 1000), `in the order of seed ${seed}`);
  });

  it('do not wait for the rest of the step that runs', () => {
    const beforeItsEnd = Array.from({ length: 20 }, (_, seed) => {
      set({ LAZY: String(seed + 1) });
      const device = open();
      const arrivals = device.arrivals();
      const [waiting, input, result] = [8, 8, 8].map((bytes) => device.allocate(bytes)) as [
        number,
        number,
        number,
      ];
      for (const pointer of [waiting, input, result]) device.clear(pointer, 8);
      device.synchronize();
      arrivals.take(() => device.copy(input, waiting, 8));
      for (let work = 0; work < 20; work++) device.upload(result, Uint8Array.of(work + 1));
      arrivals.upload(waiting, Uint8Array.of(7));
      // Waits for uploads alone.
      arrivals.close();
      const first = (pointer: number): number => new Uint8Array(koffi.view(BigInt(pointer), 8))[0]!;
      assert.equal(first(waiting), 7);
      const isBefore = first(result) < 20;
      device.synchronize();
      assert.equal(first(result), 20);
      for (const pointer of [waiting, input, result]) device.free(pointer);
      device.close();
      return isBefore;
    });
    assert.ok(beforeItsEnd.includes(true));
  });

  it('may be larger than the memory that they go through', () => {
    for (let seed = 1; seed <= 3; seed++)
      assert.ok(stepsBesideUploads(seed, 3, 40_000_000), `in the order of seed ${seed}`);
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
  });
});
