import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { globalAvgPool2d } from '../../src/graph/ops/pooling.js';
import { flatten } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { Model, type ModelOutput } from '../../src/models/model.js';
import { partsOf } from '../../src/models/parts.js';
import { createModel, modelNames } from '../../src/models/registry.js';
import { BatchNorm2d, Conv2d, Linear } from '../../src/nn/layers.js';
import { Sequential } from '../../src/nn/sequential.js';
import type { Trace } from '../../src/nn/trace.js';
import { freezingOf, rateScales } from '../../src/runs/fineTuning.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';

/** A model whose classifier is the last layer of a sequence, after a stem of its own or not. */
class OneSequence extends Model {
  readonly classifierEntries = ['net.4.weight', 'net.4.bias'];
  readonly stem: Conv2d | undefined;
  readonly net: Sequential;

  constructor(hasStem: boolean) {
    super({ name: 'one', classes: 10, imageSize: 8 });
    this.stem = hasStem ? new Conv2d(3, 3, 3) : undefined;
    const body = [new Conv2d(3, 8, 3), new BatchNorm2d(8)];
    this.net = new Sequential([...body, globalAvgPool2d, flatten, new Linear(8, 10)]);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const features = this.stem?.forward(images, trace) ?? images;
    return { logits: this.net.forward(features, trace), features };
  }
}

/** A model that is its classifier. */
class OneLayer extends Model {
  readonly classifierEntries = ['fc.weight', 'fc.bias'];
  readonly fc = new Linear(3 * 8 * 8, 10);

  override forward(images: Tensor, trace: Trace): ModelOutput {
    return { logits: this.fc.forward(flatten(images), trace), features: images };
  }
}

describe('parts of a model', () => {
  for (const name of modelNames)
    it(`of ${name} are all of its entries, each once, the classifier's apart`, () => {
      const model = createModel({ name, classes: 10 });
      const { backbone, head } = partsOf(model);
      const entries = model.stateEntries().map((entry) => entry.name);
      assert.deepEqual([...backbone.flat(), ...head].sort(), [...entries].sort());
      for (const entry of model.classifierEntries) assert.ok(head.includes(entry), entry);
      assert.ok(backbone.length >= 6, `${backbone.length} parts`);
    });

  it('are stem and blocks, in the order in which images go through them', () => {
    const first = (name: string): string[] =>
      partsOf(createModel({ name, classes: 10 })).backbone.map(([entry]) => entry!);
    const blocks = first('resnet18').map((entry) => entry.split('.').slice(0, 2).join('.'));
    const layers = [1, 2, 3, 4].flatMap((layer) => [`layer${layer}.0`, `layer${layer}.1`]);
    assert.deepEqual(blocks, ['conv1.weight', ...layers]);
    const skips = first('skipblocknet');
    const place = (prefix: string): number => skips.findIndex((entry) => entry.startsWith(prefix));
    assert.ok(place('blocks.0.') < place('skip1.') && place('skip1.') < place('blocks.1.'), skips.join(' '));
    assert.ok(place('skip2.') < place('blocks.2.') && place('blocks.2.') < place('conv.'), skips.join(' '));
  });

  for (const hasStem of [false, true])
    it(`before a classifier in the same sequence are trained apart from it, ${hasStem ? 'with' : 'without'} a stem`, () => {
      const model = new OneSequence(hasStem);
      const parts = partsOf(model);
      assert.deepEqual(parts.head, ['net.4.weight', 'net.4.bias']);
      const others = model.stateEntries().flatMap(({ name }) => (parts.head.includes(name) ? [] : [name]));
      assert.deepEqual(parts.backbone.flat(), others);
      const { names } = freezingOf({ ...TRAIN_DEFAULTS, freeze: 'backbone' }, model)!;
      assert.deepEqual([...names], others);
      const scales = rateScales(parts, { headLrScale: 10, layerDecay: 1 });
      assert.deepEqual([scales.get('net.4.weight'), scales.get('net.0.weight')], [10, 1]);
    });

  it('are not there to be frozen in a model that is its classifier', () => {
    const model = new OneLayer({ name: 'linear', classes: 10, imageSize: 8 });
    const head = ['fc.weight', 'fc.bias'];
    assert.deepEqual(partsOf(model), { backbone: [], head, decayGroups: [head] });
    for (const freeze of ['backbone', '1'])
      assert.throws(
        () => freezingOf({ ...TRAIN_DEFAULTS, freeze }, model),
        /^SettingError: freeze (backbone|1) has no effect: linear has no parts before its classifier$/,
      );
  });
});
