import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Choices } from '../../../src/engines/cache/choices.js';
import { CudaBackend } from '../../../src/engines/cuda/cudaBackend.js';
import type { Device, Ways } from '../../../src/engines/cuda/device.js';
import { prelude } from '../../../src/engines/cuda/kernels/prelude.js';
import { chooseWay } from '../../../src/engines/cuda/native/ways.js';
import type { CudaVariable } from '../../../src/engines/cuda/variables.js';
import type { TensorData } from '../../../src/graph/tensorType.js';
import { conformanceCases } from '../conformance/cases.js';
import { tensorData } from '../conformance/compare.js';
import { openEmulator, withoutEmulator } from './emulator/device.js';

const NAMES = [
  'two layers of 1×1 convolutions, 58 channels',
  'a depthwise convolution between 1×1 convolutions, stride 2',
];

/** An emulated device that takes a certain way. */
function deviceOf(take: string, seed = 0): Device {
  return choosing(openEmulator({ prelude, seed }), async ({ ways }) => ways.find((way) => way === take)!);
}

function choosing(device: Device, choose: <Way extends string>(ways: Ways<Way>) => Promise<Way>): Device {
  return Object.create(device, { choose: { value: choose } });
}

/** A case's outputs on a device, which is closed: it then checks that nothing is left. */
async function outputsOn(device: Device, name: string): Promise<Record<string, TensorData>> {
  const { program, inputs } = conformanceCases.find((each) => each.name === name)!;
  const backend = new CudaBackend(device, { precision: 'bf16' });
  const variables = new Map<string, CudaVariable>();
  const executable = await backend.compile(program, { variables, frozen: false, precision: 'bf16' });
  const outputs = await executable.run(tensorData(inputs), { seed: 0, step: 0 });
  executable.close();
  backend.close();
  return outputs;
}

describe('plans that fuse more or fewer convolutions', { skip: withoutEmulator() }, () => {
  it('are timed where they differ', async () => {
    const measured = new Map<string, number>();
    const device = choosing(openEmulator({ prelude }), async ({ ways, measure }) => {
      for (const way of ways) measured.set(way, await measure(way));
      return ways[0]!;
    });
    await outputsOn(device, NAMES[0]!);
    assert.deepEqual([...measured.keys()], ['none', 'small', 'all']);
    assert.deepEqual(
      [...measured.values()].map((time) => Number.isFinite(time)),
      [true, true, false],
      'all images are small',
    );
  });

  for (const name of NAMES) {
    it(`compute the same: ${name}`, async () => {
      const [apart, fused] = [
        await outputsOn(deviceOf('none'), name),
        await outputsOn(deviceOf('all'), name),
      ];
      for (const [output, values] of Object.entries(apart)) {
        const exact = Array.from(values, Number);
        const largest = Math.max(1, ...exact.map(Math.abs));
        for (const [i, value] of exact.entries())
          assert.ok(Math.abs(value - fused[output]![i]!) < 0.06 * largest, `${output}[${i}]`);
      }
    });

    it(`give the same bits in any order of threads and blocks: ${name}`, async () => {
      const [first, ...others] = await Promise.all(
        [0, 5, 9].map((seed) => outputsOn(deviceOf('all', seed), name)),
      );
      for (const other of others) assert.deepEqual(other, first);
    });
  }
});

describe('a way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-ways-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is measured once, and known in later runs', async () => {
    const asked: string[] = [];
    const times = { slow: 3, fast: 1, impossible: Number.POSITIVE_INFINITY };
    const ways: Ways<keyof typeof times> = {
      key: 'a task',
      ways: ['slow', 'fast', 'impossible'],
      byRule: 'slow',
      measure: async (way) => {
        asked.push(way);
        return times[way];
      },
    };
    const path = join(folder, 'choices');
    assert.equal(await chooseWay(new Choices(path), ways), 'fast');
    assert.equal(await chooseWay(new Choices(path), ways), 'fast');
    assert.deepEqual(asked, ['slow', 'fast', 'impossible']);
    assert.equal(await chooseWay(new Choices(path), { ...ways, key: 'another' }), 'fast');
    assert.equal(asked.length, 6);
  });

  it('is for all trainings on a card the one that was kept first', async () => {
    const path = join(folder, 'two');
    const [first, second, third] = [new Choices(path), new Choices(path), new Choices(path)];
    const taking = (fast: string, before?: () => Promise<unknown>): Ways<'a' | 'b'> => ({
      ...{ key: 'a task', ways: ['a', 'b'], byRule: 'a' },
      measure: async (way) => {
        await before?.();
        return way === fast ? 1 : 2;
      },
    });
    // The second has begun to measure when the first keeps its own.
    assert.equal(
      await chooseWay(
        second,
        taking('b', () => chooseWay(first, taking('a'))),
      ),
      'a',
    );
    assert.equal(await chooseWay(third, taking('b', assert.fail)), 'a');
  });

  it('is the one by rule where none can be measured, and is measured later', async () => {
    const path = join(folder, 'full');
    const ways = { key: 'a task', ways: ['large', 'small'], byRule: 'small' } as const;
    const full = { ...ways, measure: async () => Number.POSITIVE_INFINITY };
    assert.equal(await chooseWay<'large' | 'small'>(new Choices(path), full), 'small');
    const roomy = { ...ways, measure: async (way: string) => (way === 'large' ? 1 : 2) };
    assert.equal(await chooseWay<'large' | 'small'>(new Choices(path), roomy), 'large');
  });
});
