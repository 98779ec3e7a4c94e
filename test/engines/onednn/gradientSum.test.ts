/** Normalisations whose images are read elsewhere, too, as in DenseNet: their gradient and the other one are added in one pass. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Block } from '../../../src/engines/onednn/dnnl.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { mul, relu } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { concat, detach, slice } from '../../../src/graph/ops/shape.js';
import type { Program } from '../../../src/graph/program.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { sizeOf } from '../../../src/graph/tensorType.js';
import { onednnMissing } from '../../support/onednn.js';
import { IN_BF16, IN_F32, onBackend } from './fixtures/onBackend.js';

const [IMAGES, HEIGHT, WIDTH] = [6, 3, 5] as const;
/** Channels of images that come before those that are normalised: their gradient begins within the other one. */
const BEFORE = 16;

/**
 * The gradient toward x of other, x and relu(batchNorm(x)), joined; the part of it that comes through the normalisation, and
 * what is added to that. Another normalisation leaves the gradient toward the joined images in blocks.
 */
function program(channels: number): Program {
  const graph = new Graph();
  const images = (name: string, count: number): Tensor => graph.input(name, [IMAGES, count, HEIGHT, WIDTH]);
  const normal = (of: Tensor, name: string): Tensor => {
    const [scale, shift] = ['Scale', 'Shift'].map((row) => graph.input(`${name}${row}`, [of.shape[1]!]));
    return batchNormTrain(of, scale!, shift!, 1e-5).y;
  };
  const [x, other] = [normal(images('x', channels), 'x'), normal(images('other', BEFORE), 'other')];
  const y = relu(normal(x, 'y'));
  const joined = concat([other, x, y], 1);
  const loss = sum(mul(normal(joined, 'joined'), images('dy', BEFORE + 2 * channels)));
  const [dx, toJoined] = gradients(loss, [x, joined]);
  const part = (start: number): Tensor => slice(toJoined!, 1, start, start + channels);
  const [alone] = gradients(sum(mul(y, detach(part(BEFORE + channels)))), [x]);
  return graph.program({ dx: dx!, alone: alone!, added: part(BEFORE) });
}

type Found = Readonly<Record<'dx' | 'alone' | 'added', Float32Array>>;

/** What the engine computes, and the steps of the gradient with its sum. */
function computed(
  block: Block,
  precision: 'f32' | 'bf16',
  channels: number,
): { found: Found; steps: string[] } | undefined {
  const library = loadLibrary();
  if (block > (library.block ?? 0)) return undefined;
  const whole = program(channels);
  const inputs = Object.fromEntries(
    whole.nodes.flatMap((node, n) =>
      node.kind === 'input'
        ? [
            [
              node.attributes.name,
              Float32Array.from({ length: sizeOf(node.attributes.shape) }, (_, i) => Math.sin(i * i + n)),
            ],
          ]
        : [],
    ),
  );
  return onBackend({ ...library, block }, 2, (backend) => {
    const executable = backend.compile(whole, precision === 'bf16' ? IN_BF16 : IN_F32);
    const run = { seed: 0, step: 0 };
    const used = executable.profile(inputs, run).filter(({ operation }) => operation === 'batchNormGradAdd');
    const found = executable.run(inputs, run) as Found;
    executable.close();
    return { found, steps: used.map(({ implementation }) => implementation) };
  });
}

const missing = await onednnMissing();
for (const [block, precision] of [
  [8, 'f32'],
  [16, 'f32'],
  [16, 'bf16'],
] as const)
  describe(`gradients and what is added to them, in blocks of ${block} in ${precision}`, {
    skip: missing,
  }, () => {
    // Bits that two roundings may change.
    const step = precision === 'bf16' ? 2 ** -8 : 0;
    for (const channels of [32, 48, 20])
      it(`${channels} channels`, (t) => {
        const result = computed(block, precision, channels);
        if (result === undefined || !result.steps.some((step) => step.startsWith('our kernel'))) {
          t.skip('kernels of our own cannot run here');
          return;
        }
        // The gradient toward y is copied; the addend is read where it lies, in whole blocks of channels.
        const copies = result.steps.filter((step) => step === 'our kernel, gather channels').length;
        assert.equal(copies, channels % block === 0 ? 1 : 2, result.steps.join(', '));
        assert.ok(result.steps.includes('our kernel, normalisation’s gradient'), result.steps.join(', '));
        const { dx, alone, added } = result.found;
        dx.forEach((value, i) => {
          const expected = Math.fround(alone[i]! + added[i]!);
          const limit = step * (Math.abs(alone[i]!) + Math.abs(expected));
          assert.ok(Math.abs(value - expected) <= limit, `number ${i}: ${value}, not ${expected}`);
        });
      });

    it('without kernels of our own', () => {
      process.env.BIASLOSS_KERNELS = '0';
      try {
        const result = computed(block, precision, 20);
        if (result === undefined) return;
        const { dx, alone, added } = result.found;
        assert.ok(result.steps.length > 0 && !result.steps.some((step) => step.startsWith('our kernel')));
        dx.forEach((value, i) => {
          const expected = alone[i]! + added[i]!;
          const limit = (step + 1e-6) * (Math.abs(alone[i]!) + Math.abs(added[i]!));
          assert.ok(Math.abs(value - expected) <= limit, `number ${i}: ${value}, not ${expected}`);
        });
      } finally {
        delete process.env.BIASLOSS_KERNELS;
      }
    });
  });
