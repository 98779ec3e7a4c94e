import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { sum } from '../../src/graph/ops/reduce.js';
import type { Program } from '../../src/graph/program.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { Model } from '../../src/models/model.js';
import { partsOf } from '../../src/models/parts.js';
import { createModel } from '../../src/models/registry.js';
import type { Layer } from '../../src/nn/layer.js';
import { Dropout, Linear } from '../../src/nn/layers.js';
import { Sequential } from '../../src/nn/sequential.js';
import { StochasticDepth } from '../../src/nn/stochasticDepth.js';
import { Trace } from '../../src/nn/trace.js';
import { sgd } from '../../src/optim/sgd.js';
import { trainProgram } from '../../src/train/programs.js';
import { onednnMissing } from '../support/onednn.js';
import { onReference } from '../support/reference.js';

const SHAPE = [500, 3, 2, 2];
const PER_IMAGE = 12;
const ones = new Float32Array(SHAPE.reduce((a, b) => a * b)).fill(1);

/** The layer's output and the gradient of its sum. */
function programOf(layer: Layer, training = true): Program {
  const graph = new Graph();
  const x = graph.input('x', SHAPE);
  const y = layer.forward(x, new Trace(graph, layer, training));
  return graph.program({ y, slope: gradients(sum(y, [0, 1, 2, 3]), [x])[0]! });
}

function run(layer: Layer, options?: { readonly seed?: number; readonly step?: number }, training = true) {
  return onReference(programOf(layer, training)).executable.run({ x: ones.slice() }, options);
}

/** Distance of a share of `count` draws from its probability, in standard deviations. */
const deviations = (share: number, p: number, count: number): number =>
  Math.abs(share - p) / Math.sqrt((p * (1 - p)) / count);

const zeros = (values: ArrayLike<number>): number => Array.from(values).filter((y) => y === 0).length;

/** Zeros of each image of an output. */
function zerosOfImages(y: ArrayLike<number>): number[] {
  return Array.from({ length: SHAPE[0]! }, (_, n) =>
    zeros(Array.from({ length: PER_IMAGE }, (_, i) => y[n * PER_IMAGE + i]!)),
  );
}

const layers = {
  Dropout: (p: number, stream = 'stream') => new Dropout(p, stream),
  StochasticDepth: (p: number, stream = 'stream') => new StochasticDepth(p, stream),
};

for (const [name, make] of Object.entries(layers)) {
  describe(name, () => {
    it('zeroes a share of p, scales the rest by 1/(1 − p), and its gradient likewise', () => {
      for (const p of [0.1, 0.25, 0.5]) {
        const { y, slope } = run(make(p), { seed: 3, step: 7 });
        const draws = name === 'Dropout' ? y!.length : SHAPE[0]!;
        assert.ok(deviations(zeros(y!) / y!.length, p, draws) < 4, `${zeros(y!)} zeros of ${y!.length}`);
        const kept = Math.fround(1 / (1 - p));
        assert.ok(y!.every((value) => value === 0 || Math.abs(value - kept) < 1e-6));
        assert.deepEqual(slope, y);
      }
    });

    it('depends on seed, step and stream alone', () => {
      const first = run(make(0.5), { seed: 1, step: 1 }).y;
      assert.deepEqual(run(make(0.5), { seed: 1, step: 1 }).y, first);
      const others = [
        run(make(0.5), { seed: 2, step: 1 }),
        run(make(0.5), { seed: 1, step: 2 }),
        run(make(0.5, 'other'), { seed: 1, step: 1 }),
      ];
      for (const { y } of others) assert.notDeepEqual(y, first);
    });

    it('leaves nothing with p = 1, and refuses what is no probability, as PyTorch', () => {
      const { y, slope } = run(make(1));
      assert.ok([...y!, ...slope!].every((value) => value === 0));
      assert.deepEqual(run(make(1), {}, false).y, ones);
      for (const p of [1.5, -0.5, Number.NaN])
        assert.throws(() => make(p), {
          name: 'UsageError',
          message: `${name}: p must be a number from 0 to 1, not ${p}`,
        });
    });

    it('does nothing in evaluation, or with p = 0', () => {
      assert.deepEqual(run(make(0.5), {}, false).y, ones);
      assert.deepEqual(run(make(0)).y, ones);
    });
  });
}

it('StochasticDepth drops whole images, Dropout single values', () => {
  const whole = zerosOfImages(run(new StochasticDepth(0.5, 's')).y!);
  assert.deepEqual(
    [...new Set(whole)].sort((a, b) => a - b),
    [0, PER_IMAGE],
  );
  assert.ok(new Set(zerosOfImages(run(new Dropout(0.5, 's')).y!)).size > 5);
});

/** Streams of the random numbers that a training step with frozen entries uses. */
function streamsOf(model: Model, frozen: ReadonlySet<string>): string[] {
  const { nodes } = trainProgram(model, crossEntropyLoss(), sgd(), 2, { frozen });
  return nodes.flatMap((node) => (node.kind === 'uniform' ? [node.attributes.stream] : []));
}

it('nothing drops out of frozen parts of EfficientNet, and out of others as before', () => {
  const model = createModel({ name: 'efficientnet_b0', classes: 5, imageSize: 32 });
  const { backbone } = partsOf(model);
  assert.deepEqual(streamsOf(model, new Set(backbone.flat())), ['classifier.0']);
  const all = streamsOf(model, new Set());
  assert.ok(all.length > 8 && all.includes('features.2.1') && all.includes('features.4.1'), all.join(' '));
  // The stem and the first five blocks, of which features.2.1 and features.3.1 have a sum.
  const frozen = streamsOf(model, new Set(backbone.slice(0, 6).flat()));
  assert.deepEqual(
    frozen,
    all.filter((stream) => !['features.2.1', 'features.3.1'].includes(stream)),
  );
});

it('nothing drops out of a frozen sequence, until it is trained', () => {
  const model = new Sequential([
    new Sequential([new Linear(2, 2), new Dropout(0.5, 'inner')]),
    new Linear(2, 2),
    new Dropout(0.5, 'outer'),
  ]);
  const streams = (frozen: readonly string[]): string[] => {
    const graph = new Graph();
    const trace = new Trace(graph, model, true, { frozen: new Set(frozen) });
    model.forward(graph.input('x', [4, 2]), trace);
    return graph.nodes.flatMap((node) => (node.kind === 'uniform' ? [node.attributes.stream] : []));
  };
  const inner = ['0.0.weight', '0.0.bias'];
  assert.deepEqual(streams(inner), ['outer']);
  assert.deepEqual(streams(inner.slice(1)), ['inner', 'outer']);
  assert.deepEqual(streams([]), ['inner', 'outer']);
});

for (const name of ['onnx', 'onednn'] as const satisfies EngineName[]) {
  it(`StochasticDepth drops the same images on ${name}`, async (context) => {
    const reason = name === 'onednn' && (await onednnMissing());
    if (reason) {
      context.skip(reason);
      return;
    }
    const layer = new StochasticDepth(0.3, 'features.4.1');
    const options = { seed: 5, step: 11 };
    const engine = await createEngine(name, { threads: 1 });
    try {
      const executable = await engine.compile(programOf(layer));
      const found = await executable.run({ x: ones.slice() }, options);
      assert.deepEqual({ ...found }, { ...run(layer, options) });
    } finally {
      await engine.close();
    }
  });
}
