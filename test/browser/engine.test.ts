/** The page's engine in a real browser computes what Node does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import type { Engine } from '../../src/engines/engine.js';
import { readFloat32Variants, readGolden, relativeError } from '../support/golden.js';
import { published } from '../support/goldenSuite.js';
import { withoutChromium } from './fixtures/chromium.js';
import { firstStep, tinyLosses } from './fixtures/numbers.js';
import { type PageOptions, withPage } from './fixtures/withPage.js';

type Provider = 'wasm' | 'webgpu';

const PAGES: Readonly<Record<Provider, PageOptions>> = { wasm: {}, webgpu: { gpu: 'software' } };
const STEPS = 20;

/** Of the losses and weights of all steps. */
const LIMIT = 1e-5;

async function inNode<T>(compute: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await createEngine('onnx', { threads: 1 });
  try {
    return await compute(engine);
  } finally {
    await engine.close();
  }
}

function floatsOfText(base64: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

for (const provider of ['wasm', 'webgpu'] as const) {
  describe(`a page's engine on ${provider}`, { skip: withoutChromium }, () => {
    it(`trains a tiny network as Node does, over ${STEPS} steps`, async () => {
      const expected = await inNode((engine) => tinyLosses(engine, STEPS));
      assert.equal(new Set(expected.losses).size, STEPS, 'every step changes the loss');
      await withPage(PAGES[provider], async (page) => {
        const found = await page.tiny({ provider, threads: 2 }, STEPS);
        assert.deepEqual(found.statistics, { variables: 0, executables: 0 });
        for (const [step, loss] of expected.losses.entries())
          assert.ok(
            Math.abs(found.losses[step]! - loss) <= LIMIT * Math.max(1, loss),
            `step ${step}: ${found.losses[step]}, not ${loss}`,
          );
        const error = relativeError(found.weights, expected.weights);
        assert.ok(error <= LIMIT, `weights: relative error ${error}`);
      });
    });

    // WebGPU on the processor takes five times as long for a step.
    const steps = provider === 'wasm' ? 300 : 100;
    it(`keeps its memory over ${steps} steps`, () =>
      withPage(PAGES[provider], async (page) => {
        const [first, ...later] = await page.memory({ provider, threads: 1 }, [60, steps - 60]);
        for (const bytes of later)
          assert.ok(bytes - first! < 4 * 2 ** 20, `${bytes} bytes after ${first} after the first steps`);
      }));
  });
}

describe("a page's engine", { skip: withoutChromium }, () => {
  for (const name of published)
    it(`has the first loss and the first gradient of ${name} that Node has, and the golden loss`, async () => {
      const golden = readGolden(name);
      const expected = await inNode((engine) => firstStep(engine, golden));
      await withPage({}, async (page) => {
        const { model, classes, image_size, salt, state_dict, train } = golden;
        const inputs = { model, classes, image_size, salt, state_dict, train };
        const found = await page.firstStep({ provider: 'wasm', threads: 2 }, inputs);
        const off = relativeError([found.loss], [expected.loss]);
        assert.ok(off <= 1e-5, `${found.loss}, not ${expected.loss}`);
        const fromGolden = relativeError([found.loss], [train.bias_loss_global]);
        assert.ok(fromGolden <= 1e-5, `${fromGolden} from the golden loss`);
        const error = relativeError(floatsOfText(found.gradient), expected.gradient);
        // As far as float32 computes it: in another order of sums, a ReLU near zero falls on the other side.
        const theirs = Number(golden.pytorch_float32_error.gradients_first);
        const limit = Math.max(1e-3, 5 * (readFloat32Variants(name)?.gradients.l2 ?? theirs));
        assert.ok(error <= limit, `gradient: relative error ${error}, more than ${limit}`);
      });
    });

  it('has threads where the page is isolated, and says why not elsewhere', async () => {
    await withPage({}, async (page) =>
      assert.match(
        await page.describe({ threads: 2 }),
        /^ONNX Runtime Web [\d.]+ on WebAssembly \(f32, 2 threads,/,
      ),
    );
    await withPage({ isolated: false }, async (page) =>
      assert.match(
        await page.describe({ threads: 2 }),
        /\(f32, 1 thread, as the page is not cross-origin isolated,/,
      ),
    );
  });

  it('says what is missing', () =>
    withPage({ isolated: false }, async (page) => {
      assert.match(
        await page.failure({ provider: 'webgpu' }),
        /^UserError: this browser has no GPU that WebGPU can use/,
      );
      assert.match(
        await page.failure({ wasmPaths: 'nowhere' }),
        /^UserError: onnxruntime-web does not start with http\S*\/nowhere\/ort-wasm-simd-threaded\.mjs and \S*\.wasm: the server answers 404 for \S*\.wasm/,
      );
      assert.match(
        await page.failure({ threads: 0 }),
        /^UsageError: threads must be a positive whole number, not 0/,
      );
    }));
});
