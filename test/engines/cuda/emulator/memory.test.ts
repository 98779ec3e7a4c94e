import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openEmulator, withoutEmulator } from './device.js';
import { kernelOf, numbers, withDevice } from './fixtures/withDevice.js';

describe('memory of the emulator', { skip: withoutEmulator() }, () => {
  it('is aligned to 256 bytes', () =>
    withDevice(async (device) => {
      for (const bytes of [1, 256, 5000]) {
        const pointer = device.allocate(bytes);
        assert.equal(pointer % 256, 0);
        device.free(pointer);
      }
    }));

  for (const [place, message] of [
    ['y[-1]', /written before the 100 bytes/],
    ['y[25]', /written after the 100 bytes/],
  ] as const)
    it(`reports a write to ${place} of 25 numbers`, () =>
      withDevice(async (device) => {
        const kernel = await kernelOf(device, 'float* y', `${place} = 1;`);
        const y = device.allocate(100);
        device.synchronize();
        device.launch(kernel, { blocks: 1, threads: 1 }, [y]);
        assert.throws(() => device.synchronize(), message);
        assert.throws(() => device.free(y), message);
      }));

  it('that was freed is not used again', () =>
    withDevice(async (device) => {
      const kernel = await kernelOf(device, 'float* y', 'y[0] = 1;');
      const y = device.allocate(100);
      assert.throws(() => device.upload(y, new Float32Array(26)), /upload: 104 bytes at .* not inside/);
      device.free(y);
      assert.throws(
        () => device.launch(kernel, { blocks: 1, threads: 1 }, [y]),
        /parameter 0 of kernel test: .* not inside of an allocation/,
      );
      assert.throws(() => device.free(y), /not allocated/);
    }));

  it('is used up', () =>
    withDevice(
      async (device) => {
        const first = device.allocate(600);
        assert.throws(() => device.allocate(500), /500 bytes were asked for and 400 of 1000 are free/);
        device.free(first);
        device.free(device.allocate(1000));
      },
      { memoryBytes: 1000 },
    ));

  it('that is left at the end is an error', () => {
    const device = openEmulator({ prelude: '' });
    device.allocate(5);
    assert.throws(() => device.close(), /1 allocations of 5 bytes not freed/);
    device.close();
  });
});

describe('captured work', { skip: withoutEmulator() }, () => {
  it('is done at each launch, in order', () =>
    withDevice(async (device) => {
      const kernel = await kernelOf(device, 'float* y', 'y[threadIdx.x] = 2 * y[threadIdx.x] + 1;');
      const y = device.allocate(16);
      const step = () => device.launch(kernel, { blocks: 1, threads: 4 }, [y]);
      const graph = device.capture(() => {
        device.clear(y, 8);
        step();
        step();
      });
      device.upload(y, Float32Array.of(1, 1, 1, 1));
      graph.launch();
      assert.deepEqual(numbers(device, y, 4), [3, 3, 7, 7]);
      assert.ok(device.time(() => graph.launch()) > 0);
      assert.deepEqual(numbers(device, y, 4), [3, 3, 31, 31]);
      graph.close();
      assert.throws(() => graph.launch(), /after it was closed/);
      assert.throws(() => device.capture(() => device.synchronize()), /not possible in a capture/);
      device.free(y);
    }));
});
