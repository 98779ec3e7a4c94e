import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutEmulator } from './device.js';
import { kernelOf, numbers, range, withDevice, written } from './fixtures/withDevice.js';

describe('kernels on the processor', { skip: withoutEmulator() }, () => {
  it('run every thread of every block', () =>
    withDevice(async (device) => {
      const shape = { blocks: 5, threads: 33 };
      const body =
        'y[blockIdx.x * blockDim.x + threadIdx.x] = 1000 * gridDim.x + blockIdx.x * 33 + threadIdx.x;';
      assert.deepEqual(
        await written(device, body, shape),
        range(165).map((index) => 5000 + index),
      );
    }));

  for (const seed of [0, 7])
    it(`wait at barriers for what other threads write (order ${seed})`, () =>
      withDevice(
        async (device) => {
          const body = `
__shared__ float a[96];
for (int round = 0; round < 3; round++) {
  a[threadIdx.x] = round * 1000 + (int)threadIdx.x;
  __syncthreads();
  y[blockIdx.x * 96 + threadIdx.x] = a[95 - threadIdx.x];
  __syncthreads();
}`;
          const expected = range(192).map((index) => 2000 + 95 - (index % 96));
          assert.deepEqual(await written(device, body, { blocks: 2, threads: 96 }), expected);
        },
        { seed },
      ));

  it('lets a thread return after its last barrier', () =>
    withDevice(async (device) => {
      const body = `
__shared__ float a[64];
a[threadIdx.x] = 1;
__syncthreads();
if (threadIdx.x > 0) return;
float sum = 0;
for (int i = 0; i < 64; i++) sum += a[i];
y[blockIdx.x] = sum;`;
      assert.deepEqual(await written(device, body, { blocks: 3, threads: 64 }, 3), [64, 64, 64]);
    }));
});

describe('lanes of a warp', { skip: withoutEmulator() }, () => {
  for (const seed of [0, 5])
    it(`exchange numbers (order ${seed})`, () =>
      withDevice(
        async (device) => {
          const shape = { blocks: 2, threads: 64 };
          const lane = (index: number) => index % 32;
          const own = 'float v = blockIdx.x * 64 + threadIdx.x; y[blockIdx.x * 64 + threadIdx.x] = ';
          assert.deepEqual(
            await written(device, `${own} sumOfWarp(v);`, shape),
            range(128).map((index) => 32 * (index - lane(index)) + 496),
          );
          assert.deepEqual(
            await written(device, `${own} __shfl_xor_sync(0xffffffffu, v, 5);`, shape),
            range(128).map((index) => index ^ 5),
          );
          assert.deepEqual(
            await written(device, `${own} __shfl_down_sync(0xffffffffu, v, 3, 8);`, shape),
            range(128).map((index) => (index % 8 < 5 ? index + 3 : index)),
          );
          assert.deepEqual(
            await written(device, `${own} __popc(__ballot_sync(0xffffffffu, threadIdx.x > 40));`, shape),
            range(128).map((index) => (index % 64 < 32 ? 0 : 23)),
          );
        },
        { seed },
      ));
});

describe('blocks and threads', { skip: withoutEmulator() }, () => {
  it('take blocks and threads in the order of the seed', async () => {
    const order = async (seed: number) => {
      let result: number[] = [];
      const body = 'unsigned at = atomicAdd((unsigned*)y, 1u); y[1 + at] = blockIdx.x * 8 + threadIdx.x;';
      await withDevice(
        async (device) => {
          const kernel = await kernelOf(device, 'float* y', body);
          const y = device.allocate(4 * 65);
          device.clear(y, 4);
          device.launch(kernel, { blocks: 8, threads: 8 }, [y]);
          result = numbers(device, y, 65).slice(1);
          device.free(y);
        },
        { seed },
      );
      return result;
    };
    assert.deepEqual(await order(0), range(64));
    const [three, again, four] = [await order(3), await order(3), await order(4)];
    assert.deepEqual(three, again);
    assert.notDeepEqual(three, four);
    assert.notDeepEqual(three, range(64));
    assert.deepEqual(
      [...three].sort((a, b) => a - b),
      range(64),
    );
  });

  it('find NaN in shared and in new memory', () =>
    withDevice(async (device) => {
      const body =
        '__shared__ float a[32]; y[blockIdx.x * 32 + threadIdx.x] = a[threadIdx.x]; a[threadIdx.x] = 1;';
      const values = await written(device, body, { blocks: 2, threads: 32 });
      assert.ok(values.every(Number.isNaN));
      const fresh = device.allocate(12);
      assert.deepEqual(numbers(device, fresh, 3), [Number.NaN, Number.NaN, Number.NaN]);
      device.free(fresh);
    }));
});

describe('compiled kernels', { skip: withoutEmulator() }, () => {
  it('share a library and keep apart', () =>
    withDevice(async (device) => {
      const source = (name: string, value: number) => ({
        name,
        source: `__device__ float value() { return ${value}; }\nextern "C" __global__ void ${name}(float* y) { *y = value(); }`,
      });
      const kernels = await device.compile([source('one', 1), source('two', 2), source('one', 3)]);
      const y = device.allocate(4);
      const values = kernels.map((kernel) => {
        device.launch(kernel, { blocks: 1, threads: 1 }, [y]);
        return numbers(device, y, 1)[0];
      });
      assert.deepEqual(values, [1, 2, 3]);
      device.free(y);
    }));

  it('may use no headers, as with NVRTC', () =>
    withDevice(async (device) => {
      await assert.rejects(kernelOf(device, 'float* y', 'uint32_t x = 1; y[0] = x;'), /test:2:.*uint32_t/);
    }));
});
