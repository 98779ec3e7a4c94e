import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Device, Kernel, LaunchShape, Pointer } from '../../../src/engines/cuda/device.js';
import { type EmulatorOptions, openEmulator, withoutEmulator } from './emulator/device.js';

const PRELUDE = `
__device__ __forceinline__ float sumOfWarp(float value) {
  for (int distance = 16; distance > 0; distance >>= 1) value += __shfl_down_sync(0xffffffffu, value, distance);
  return __shfl_sync(0xffffffffu, value, 0);
}
`;

/** What a test does with a device; it is closed afterwards, which throws where memory is left. */
async function withDevice(
  body: (device: Device) => Promise<void>,
  options: Partial<EmulatorOptions> = {},
): Promise<void> {
  const device = openEmulator({ prelude: PRELUDE, ...options });
  try {
    await body(device);
  } catch (error) {
    try {
      device.close();
    } catch {}
    throw error;
  }
  device.close();
}

/** Compiles a kernel `test` with these parameters. */
async function kernelOf(device: Device, parameters: string, body: string): Promise<Kernel> {
  const [kernel] = await device.compile([
    { name: 'test', source: `extern "C" __global__ void test(${parameters}) {\n${body}\n}` },
  ]);
  return kernel!;
}

/** Launches a kernel that writes numbers, and returns them. */
async function written(
  device: Device,
  body: string,
  shape: LaunchShape,
  count = shape.blocks * shape.threads,
): Promise<number[]> {
  const kernel = await kernelOf(device, 'float* y', body);
  const y = device.allocate(4 * count);
  try {
    device.launch(kernel, shape, [y]);
    return numbers(device, y, count);
  } finally {
    device.free(y);
  }
}

function numbers(device: Device, pointer: Pointer, count: number): number[] {
  const data = new Float32Array(count);
  device.download(pointer, data);
  return [...data];
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

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

  for (const seed of [0, 5])
    it(`exchange numbers in a warp (order ${seed})`, () =>
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
            await written(device, `${own} __popc(__ballot_sync(0xffffffffu, threadIdx.x % 3 == 0));`, shape),
            range(128).map((index) => (index % 64 < 32 ? 11 : 11)),
          );
        },
        { seed },
      ));

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
