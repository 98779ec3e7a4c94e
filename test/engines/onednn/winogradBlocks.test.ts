/**
 * Winograd's convolutions by our own kernels on images in blocks of 8 and 16 channels, as AVX2's and AVX512's processors
 * have them, whatever this processor and the library's version are.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DnnlBackend } from '../../../src/engines/onednn/backend.js';
import { bindLibrary } from '../../../src/engines/onednn/bindLibrary.js';
import type { Dnnl } from '../../../src/engines/onednn/dnnl.js';
import { type DnnlLibrary, loadLibrary } from '../../../src/engines/onednn/library.js';
import { limitThreads } from '../../../src/engines/onednn/threading.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, mul, relu } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import type { Program } from '../../../src/graph/program.js';
import { onednnMissing } from '../../support/onednn.js';
import { Samples } from '../../support/samples.js';

const [BATCH, INPUTS, OUTPUTS, HEIGHT, WIDTH] = [3, 32, 64, 9, 6] as const;

const samples = new Samples('blocks');
const x = Float32Array.from(samples.floats([BATCH, INPUTS, HEIGHT, WIDTH]));
const weight = Float32Array.from(samples.floats([OUTPUTS, INPUTS, 3, 3]));
const bias = Float32Array.from(samples.floats([OUTPUTS]));
const addend = Float32Array.from(samples.floats([BATCH, OUTPUTS, HEIGHT, WIDTH]));

/** A convolution with everything that its kernels end with, and its gradients. */
function program(): Program {
  const graph = new Graph();
  const inputs = [
    graph.input('x', [BATCH, INPUTS, HEIGHT, WIDTH]),
    graph.input('weight', [OUTPUTS, INPUTS, 3, 3]),
    graph.input('bias', [OUTPUTS]),
    graph.input('addend', [BATCH, OUTPUTS, HEIGHT, WIDTH]),
  ] as const;
  const y = relu(add(conv2d(inputs[0], inputs[1], inputs[2], { padding: 1 }), inputs[3]));
  const [dx, dweight] = gradients(sum(mul(y, y)), [inputs[0], inputs[1]]);
  return graph.program({ y, dx: dx!, dweight: dweight! });
}

function computed(
  library: DnnlLibrary,
  images = x,
): {
  readonly description: string;
  readonly found: Record<string, Float32Array>;
} {
  const limit = limitThreads(library.handle, library.runtime, 2);
  const bound = bindLibrary(library);
  // Where the library has Winograd's convolutions, rules take those.
  const dnnl: Dnnl = Object.create(bound, { traits: { value: { ...bound.traits, winograd: false } } });
  const backend = new DnnlBackend(library, dnnl, { threads: 2, precision: 'f32', choices: {} }, limit);
  try {
    const options = { variables: new Map(), frozen: false, precision: 'f32' } as const;
    const executable = backend.compile(program(), options);
    const found = executable.run({ x: images, weight, bias, addend }, { seed: 0, step: 0 });
    executable.close();
    return { description: backend.description, found: found as Record<string, Float32Array> };
  } finally {
    backend.close();
  }
}

const missing = await onednnMissing();
for (const block of [8, 16] as const)
  test(`blocks of ${block} channels`, { skip: missing }, (t) => {
    const library = loadLibrary();
    // Blocks are vectors.
    const isPossible = block <= (library.block ?? 0);
    const { description, found } = isPossible
      ? computed({ ...library, block })
      : { description: '', found: {} };
    if (!isPossible || !description.includes('kernels of our own')) {
      t.skip('kernels of our own cannot run here');
      return;
    }
    // No kernels run on a processor whose code is unknown.
    const plain = computed({ ...library, instructionSet: 'its reference code' }).found;
    for (const [name, expected] of Object.entries(plain)) {
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = expected.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - found[name]![i]!)),
        0,
      );
      assert.ok(largest > 1 && error < 1e-5 * largest, `${name}: ${error} of ${largest}`);
      assert.ok(error > 0 || name === 'y', `${name} is not from the kernels`);
    }
    const pixel = 17;
    const { y } = computed({ ...library, block }, x.with(pixel, Number.NaN)).found;
    assert.equal(y![pixel], Number.NaN, 'a ReLU keeps what is no number');
  });
