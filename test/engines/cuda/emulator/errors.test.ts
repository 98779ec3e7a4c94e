import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutEmulator } from './device.js';
import { kernelOf, withDevice, written } from './fixtures/withDevice.js';

describe('errors of kernels', { skip: withoutEmulator() }, () => {
  /** The kernel fails with the message, and the device works afterwards. */
  const fails = (name: string, body: string, message: RegExp, shape = { blocks: 2, threads: 64 }) =>
    it(name, () =>
      withDevice(async (device) => {
        await assert.rejects(written(device, body, shape), message);
        assert.deepEqual(
          await written(device, 'y[threadIdx.x] = sumOfWarp(1);', { blocks: 1, threads: 64 }),
          [...new Array(64).fill(32)],
        );
      }),
    );

  fails(
    'threads that end before a barrier',
    'if (threadIdx.x < 3) return;\n__syncthreads();',
    /kernel test, block 0, thread 3: it waits at __syncthreads\(\) in line 3 of test with 61 of the block's 64 threads, while 3 have ended/,
  );
  fails(
    'threads at different barriers',
    'if (threadIdx.x < 32) __syncthreads();\nelse __syncthreads();',
    /waits at __syncthreads\(\) in line 3 of test, and another thread in line 2/,
  );
  fails(
    'lanes that miss a shuffle',
    'if (threadIdx.x != 7) y[0] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);',
    /waits for the lanes ffffffff of its warp at a shuffle, where only ffffff7f are/,
  );
  fails(
    'a misaligned vector',
    'y[0] = ((const float4*)(y + 1))->x;',
    /line 2 of test reads or writes a .*float4.* not a multiple of its 16 bytes/,
  );
  fails(
    'an index outside of a shared array',
    '__shared__ float a[32]; a[threadIdx.x] = 1; y[0] = a[0];',
    /thread 32: line 2 of test has the index 32 into a 'float \[32\]'/,
  );
  fails('an address outside of the memory', 'y[threadIdx.x - 100000] = 1;', /outside of the device's memory/);
  fails('more threads than the bounds', 'y[0] = 1;', /may have 1024 threads/, { blocks: 1, threads: 1025 });

  it('a wrong number of pointers', () =>
    withDevice(async (device) => {
      const kernel = await kernelOf(device, 'float* y', 'y[0] = 1;');
      assert.throws(
        () => device.launch(kernel, { blocks: 1, threads: 1 }, []),
        /has 1 parameters and was given 0 pointers/,
      );
    }));

  it('more shared memory than a block has', () =>
    withDevice(async (device) => {
      const body = '__shared__ float a[12289]; a[threadIdx.x] = 1; y[0] = a[0];';
      await assert.rejects(
        kernelOf(device, 'float* y', body),
        /49156 bytes of shared memory, more than 49152/,
      );
    }));
});
