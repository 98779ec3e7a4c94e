import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { globalAvgPool2d } from '../../src/graph/ops/pooling.js';
import { flatten } from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { closestModel } from '../../src/models/closestModel.js';
import { Families } from '../../src/models/families.js';
import { defineFamily, oneOf } from '../../src/models/family.js';
import { Model, type ModelConfig, type ModelOutput } from '../../src/models/model.js';
import { recogniseModel } from '../../src/models/recognise.js';
import { families } from '../../src/models/registry.js';
import { Conv2d, Linear } from '../../src/nn/layers.js';
import { Sequential } from '../../src/nn/sequential.js';
import type { Trace } from '../../src/nn/trace.js';
import { hyperparameterSettings } from '../../src/runs/settings/hyperparameters.js';
import { infoOf, metadataOf } from '../../src/train/checkpointInfo.js';

/** A family of the test's own: `stemWidth` changes shapes, `dropRate` does not. */
class Tower extends Model {
  override readonly classifierEntries = ['head.weight', 'head.bias'];
  readonly body: Sequential;
  readonly head: Linear;

  constructor(config: ModelConfig, stemWidth: number) {
    super(config);
    this.body = new Sequential([new Conv2d(this.channels, stemWidth, 3), new Conv2d(stemWidth, 16, 3)]);
    this.head = new Linear(16, config.classes);
  }

  override forward(images: Tensor, trace: Trace): ModelOutput {
    const features = this.body.forward(images, trace);
    return { logits: this.head.forward(flatten(globalAvgPool2d(features)), trace), features };
  }
}

const tower = defineFamily({
  title: 'Tower',
  models: {
    tower: { imageSize: 48, leastImageSize: 4, classes: 10 },
    towerlarge: { imageSize: 96, leastImageSize: 4, classes: 10 },
  },
  options: {
    stemWidth: { help: 'channels of the stem', standard: 8, ...oneOf([8, 12]), names: { thin: 8 } },
    dropRate: { help: 'share dropped', standard: 0.5, expected: 'at most 1', holds: (value) => value <= 1 },
  },
  create: (config, { stemWidth }) => new Tower(config, stemWidth),
});
const own = new Families<'stemWidth' | 'dropRate'>([tower]);

describe('a family with hyperparameters', () => {
  it('is created by name, with its own size and standard values', () => {
    assert.deepEqual(own.names, ['tower', 'towerlarge']);
    const { config } = own.create({ name: 'towerlarge', classes: 3 });
    const standard = { stemWidth: 8, dropRate: 0.5 };
    assert.deepEqual(config, { name: 'towerlarge', classes: 3, imageSize: 96, channels: 3, ...standard });
  });

  it('is refused in one sentence where a value does not exist', () => {
    const make = (options: object) => () => own.create({ name: 'tower', classes: 3, ...options });
    assert.throws(make({ stemWidth: 9 }), /^UsageError: tower has the stemWidth 8, 12, not 9$/);
    assert.throws(make({ dropRate: 2 }), /tower has the dropRate at most 1, not 2/);
    assert.throws(make({ ratio: 1 }), /tower has no ratio, but 1 was given/);
    assert.throws(make({ imageSize: 3 }), /tower takes images of 4 pixels or more, not 3/);
    assert.throws(make({ channels: 2 }), /a model takes images of 3 channels or 1, not 2/);
    assert.throws(() => own.create({ name: 'towers', classes: 3 }), /there are tower, towerlarge/);
  });

  it('has settings, whose help follows', () => {
    const { stemWidth, dropRate } = hyperparameterSettings(own);
    assert.equal(stemWidth.help, 'channels of the stem of tower, towerlarge: a number or a name');
    assert.deepEqual([stemWidth.names, stemWidth.unset], [{ thin: 8 }, '8']);
    assert.equal(dropRate.help, 'share dropped of tower, towerlarge: at most 1');
    assert.deepEqual(dropRate.onlyWith, { key: 'model', values: ['tower', 'towerlarge'] });
  });

  it('is made again from the description in a checkpoint', () => {
    const request = { name: 'tower', classes: 2, stemWidth: 12, dropRate: 0, channels: 1 };
    const { config: model } = own.create(request);
    const data = { classes: ['a', 'b'], mean: [0.5], std: [0.5] };
    const info = infoOf(metadataOf({ model, data }), 'file')!;
    assert.deepEqual(own.create(info.model).config, model);
    assert.equal(own.labelOf('tower', model), 'tower-12-0');
  });

  it('is recognised by its tensors', () => {
    const request = { name: 'tower', classes: 5, stemWidth: 12, channels: 1 };
    const tensors = new Map(
      own
        .create(request)
        .stateEntries()
        .map((entry) => [entry.name, entry]),
    );
    assert.deepEqual(recogniseModel(tensors, own), { name: 'tower', channels: 1, stemWidth: 12 });
    assert.equal(recogniseModel(tensors), undefined);
    tensors.delete('body.0.bias');
    assert.deepEqual(closestModel(tensors, own), {
      kind: { name: 'tower', channels: 1, stemWidth: 12 },
      share: 3 / 4,
      differences: ['body.0.bias [12] is missing'],
    });
  });

  it('cannot share a name with another', () => {
    assert.throws(() => new Families([tower, tower]), /two families have a model tower/);
  });
});

/** Files under a folder of sources. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

it('no source outside of a family’s own file and the registry names its hyperparameters', () => {
  const allowed = /^src\/models\/(skipblocknet|shufflenet)\.ts$/;
  // `width` is a word of images, too: only what reads it from settings or a model's description counts.
  const named = [...families.options.keys()].map(
    (key) => new RegExp(`(?:config|flags|options|settings|info\\.model|own)\\??\\.${key}\\b|--${key}\\b`),
  );
  const found = sources('src')
    .filter((file) => !allowed.test(file))
    .filter((file) => {
      const text = readFileSync(file, 'utf8').replace(/`[^`]*`|'[^']*'|\/\*\*[\s\S]*?\*\//g, '');
      return named.some((pattern) => pattern.test(text));
    });
  assert.deepEqual(found, []);
});
